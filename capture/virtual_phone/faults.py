"""The faults that the stand-in phone can be asked for: which, at which frame, for how long, and what they do.

    damage to one message          `damage.py`; the message goes out instead of the whole one
    faults of the connection       `deliver`: how the frame goes out, or does not
    changes of the app             from that frame on frames come in another shape

A fault is a line of text, `KIND@FRAME` or `KIND@FRAME:SECONDS`.
"""

from __future__ import annotations

import math
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from capture.errors import LidarliveError
from capture.virtual_phone import damage
from capture.virtual_phone.clips import Clip, Report

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "jpeg-corrupt": damage.jpeg_corrupt,
    "jpeg-scan": damage.jpeg_scan,
    "jpeg-size": damage.wrong_jpeg_size,
    "rgb-past-body": damage.rgb_past_body,
    "depth-truncated": damage.depth_truncated,
    "depth-flipped": damage.depth_flipped,
    "depth-size": damage.depth_size,
    "depth-nan": damage.depth_filled(math.nan),
    "depth-negative": damage.depth_filled(-1.0),
    "depth-infinite": damage.depth_filled(math.inf),
    "body-0": damage.body_cut(0),
    "body-20": damage.body_cut(20),
    "body-4gib": damage.body_4gib,
}
REPEATED = "depth-repeated"  # the one that needs the message before
OF_ONE_FRAME = (*DAMAGE, REPEATED, "cut")
CHANGES: dict[str, Callable[[bytes], bytes]] = {"truedepth": damage.truedepth, "landscape": damage.landscape}
LASTING_S = {
    "silent": 10.0,
    "gone": 5.0,
    "usbmuxd-restart": 2.0,
    "trickle": 1.0,
    "flood": 1.0,
    **dict.fromkeys(CHANGES, math.inf),
}
TRICKLE_PAUSE_S = 0.001  # between one byte and the next

_FORM = re.compile(r"([a-z0-9-]+)@(\d{1,9})(?::(\d{1,6}(?:\.\d*)?|\.\d+))?")


@dataclass(frozen=True)
class Fault:
    """`kind` happens to the first frame offered from number `frame` on; `seconds` is how long it lasts, 0 a frame."""

    kind: str
    frame: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Fault:
        """From `KIND@FRAME` or `KIND@FRAME:SECONDS`. Raises LidarliveError where it is neither."""
        match = _FORM.fullmatch(text)
        kind, frame, seconds = match.groups() if match else ("", "", None)
        if kind not in OF_ONE_FRAME and kind not in LASTING_S:
            raise LidarliveError(
                f"a fault is KIND@FRAME or KIND@FRAME:SECONDS. Received: {text!r}. "
                f"KIND, at one frame: {', '.join(OF_ONE_FRAME)}; with SECONDS, if you like: {', '.join(LASTING_S)}"
            )
        if kind in OF_ONE_FRAME and seconds is not None:
            raise LidarliveError(f"{kind} happens to one frame: leave out the seconds. Received: {text!r}")
        return cls(kind, int(frame), float(seconds) if seconds else LASTING_S.get(kind, 0.0))


class OutageError(Exception):
    """The phone or usbmuxd is to go away, as `fault` says."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


class FaultScript:
    """A clip with its faults. Each happens once, one a frame: a second one for the same frame happens to the next.

    Of two changes of the app the later one holds. One thread at a time asks for frames, in order.
    """

    def __init__(self, clip: Clip, faults: Sequence[Fault], report: Report = lambda prepared: None) -> None:
        self._clip = clip
        self._pending = sorted(faults, key=lambda fault: fault.frame)
        kinds = [fault.kind for fault in faults if fault.kind in CHANGES]
        self._changed = {kind: clip.changed(partial(_damaged, kind), report) for kind in kinds}
        self._change = ""
        self._change_until_s = self._flood_until_s = -math.inf
        self._before: bytes | None = None

    def frame(self, n: int) -> tuple[bytes, Fault | None]:
        """The message of frame n as it is to go out, and the fault that happens then. May block on the disk."""
        fault = self._pending[0] if self._pending and self._pending[0].frame <= n else None
        if time.monotonic() > self._change_until_s:
            self._change = ""
        change = fault.kind if fault and fault.kind in CHANGES else self._change
        clip = self._changed.get(change, self._clip)
        message = clip.message(n)
        before, self._before = self._before, message
        if fault is not None and fault.kind not in CHANGES:
            message = _damaged(fault.kind, message, before or clip.message(n - 1))
        return message, fault

    def begin(self, fault: Fault) -> None:
        """The fault that `frame` gave happens now."""
        self._pending.remove(fault)
        if fault.kind in CHANGES:
            self._change, self._change_until_s = fault.kind, time.monotonic() + fault.seconds
        elif fault.kind == "flood":
            self._flood_until_s = time.monotonic() + fault.seconds

    @property
    def flooding(self) -> bool:
        """Whether frames are sent without pause now."""
        return time.monotonic() < self._flood_until_s


def deliver(client: socket.socket, message: bytes, fault: Fault | None, wait: Callable[[float], bool]) -> bool:
    """Send a message in the way of `fault`; False where nothing is sent and the stream goes on later.

    `wait(seconds)` sleeps, but not beyond the end of the phone. May block on the client.
    Raises OutageError where the phone or usbmuxd goes away, OSError where the connection is over.
    """
    left = memoryview(message)
    if fault is not None:
        match fault.kind:
            case "silent":
                wait(fault.seconds)
                return False
            case "gone" | "usbmuxd-restart":
                raise OutageError(fault)
            case "cut":
                client.sendall(left[: len(left) // 2])
                raise ConnectionAbortedError("cut, as asked for")
            case "trickle":
                left = _trickled(client, left, fault.seconds, wait)
    client.sendall(left)
    return True


def _trickled(client: socket.socket, left: memoryview, seconds: float, wait: Callable[[float], bool]) -> memoryview:
    """Send a byte a millisecond for `seconds`; what is left after that."""
    until_s = time.monotonic() + seconds
    while left and time.monotonic() < until_s:
        client.sendall(left[:1])
        left = left[1:]
        wait(TRICKLE_PAUSE_S)
    return left


def _damaged(kind: str, message: bytes, before: bytes = b"") -> bytes:
    """The message with the fault `kind` in it; unchanged where that is one of the connection."""
    try:
        if kind == REPEATED:
            return damage.depth_repeated(message, before)
        change = DAMAGE.get(kind) or CHANGES.get(kind)
        return change(message) if change else message
    except ValueError as error:
        raise LidarliveError(
            f"{kind} needs a whole frame, and the clip's own is damaged: {error}. Play another"
        ) from None
