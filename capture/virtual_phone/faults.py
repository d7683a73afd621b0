"""Faults of the stand-in phone on request: their kinds, at which frame, for how long, and what they do.

    damage to one message, or to every one from this frame on
                                   `damage.py`: a damaged message is sent instead
    faults of the connection       `deliver`: how the message is sent, or not
    changes of the app             from this frame on, frames have another shape

A fault is written `KIND@FRAME` or `KIND@FRAME:SECONDS`.
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
from capture.protocol.capture_time import NO_TIME, CaptureTime, encode_misc
from capture.protocol.wire import with_misc
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
    "misc-none": damage.misc_none,
    "misc-broken": damage.misc_broken,
    "misc-nan": damage.misc_nan,
    "misc-back": damage.misc_back,
    "misc-1mb": damage.misc_1mb,
}
REPEATED = "depth-repeated"  # needs the previous message
OF_ONE_FRAME = (*DAMAGE, REPEATED, "cut")
CHANGES: dict[str, Callable[[bytes], bytes]] = {"truedepth": damage.truedepth, "landscape": damage.landscape}
OF_EVERY_FRAME: dict[str, Callable[[bytes], bytes]] = {
    "damaged": damage.jpeg_corrupt,
    "too-large": damage.too_large,
    "old-app": damage.old_app,
    "garbage": damage.garbage,
}
LASTING_S = {
    "silent": 10.0,
    "gone": 5.0,
    "usbmuxd-restart": 2.0,
    "trickle": 1.0,
    "flood": 1.0,
    **dict.fromkeys((*CHANGES, *OF_EVERY_FRAME), math.inf),
}
TRICKLE_PAUSE_S = 0.001  # between bytes

_FORM = re.compile(r"([a-z0-9-]+)@(\d{1,9})(?::(\d{1,6}(?:\.\d*)?|\.\d+))?")


@dataclass(frozen=True)
class Fault:
    """A fault of one `kind` at the first frame sent from index `frame` on, lasting `seconds` (0: one frame)."""

    kind: str
    frame: int
    seconds: float

    @property
    def lasts(self) -> bool:
        """Whether it changes every frame for its time."""
        return self.kind in CHANGES or self.kind in OF_EVERY_FRAME

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Parse `KIND@FRAME` or `KIND@FRAME:SECONDS`. Raises LidarliveError if it is neither."""
        match = _FORM.fullmatch(text)
        kind, frame, seconds = match.groups() if match else ("", "", None)
        if kind not in OF_ONE_FRAME and kind not in LASTING_S:
            raise LidarliveError(
                f"a fault must be KIND@FRAME or KIND@FRAME:SECONDS. Received: {text!r}. "
                f"KIND of one frame: {', '.join(OF_ONE_FRAME)}; with optional SECONDS: {', '.join(LASTING_S)}"
            )
        if kind in OF_ONE_FRAME and seconds is not None:
            raise LidarliveError(f"{kind} happens to one frame: drop the seconds. Received: {text!r}")
        return cls(kind, int(frame), float(seconds) if seconds else LASTING_S.get(kind, 0.0))


class OutageError(Exception):
    """Request to unplug the phone or stop usbmuxd, according to `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


class FaultScript:
    """A clip with its faults. Each happens once, at most one per frame: a second for the same frame moves to the next.

    A later change of the app replaces an earlier one. Frames must be requested in order, by one thread at a time.
    """

    def __init__(self, clip: Clip, faults: Sequence[Fault], report: Report = lambda prepared: None) -> None:
        self._clip = clip
        self._pending = sorted(faults, key=lambda fault: fault.frame)
        kinds = [fault.kind for fault in faults if fault.kind in CHANGES]
        self._changed = {kind: clip.changed(partial(_damage, kind), report) for kind in kinds}
        self._change = ""
        self._change_until_s = self._flood_until_s = -math.inf
        self._before: bytes | None = None

    def frame(self, n: int, captured: CaptureTime = NO_TIME) -> tuple[bytes, Fault | None]:
        """Return the message to send as frame n, and the fault that happens with it. May block on the disk.

        `captured`: its time, added to the messages of a clip that is `stamped`.
        """
        fault = self._pending[0] if self._pending and self._pending[0].frame <= n else None
        if time.monotonic() > self._change_until_s:
            self._change = ""
        change = fault.kind if fault and fault.lasts else self._change
        clip = self._changed.get(change, self._clip)
        message = clip.message(n)
        before, self._before = self._before, message
        if clip.stamped:
            message = with_misc(message, encode_misc(captured))
        if fault is not None and not fault.lasts:
            message = _damage(fault.kind, message, before or clip.message(n - 1))
        if change in OF_EVERY_FRAME:
            message = _damage(change, message)
        return message, fault

    def begin(self, fault: Fault) -> None:
        """Start the fault that `frame` returned."""
        self._pending.remove(fault)
        if fault.lasts:
            self._change, self._change_until_s = fault.kind, time.monotonic() + fault.seconds
        elif fault.kind == "flood":
            self._flood_until_s = time.monotonic() + fault.seconds

    @property
    def flooding(self) -> bool:
        """Whether frames are currently sent without pause."""
        return time.monotonic() < self._flood_until_s


def deliver(client: socket.socket, message: bytes, fault: Fault | None, wait: Callable[[float], bool]) -> bool:
    """Send a message, modified by `fault`; return False if nothing is sent and the stream continues later.

    `wait(seconds)` sleeps until the phone is stopped at most. May block on the client.
    Raises OutageError if the fault unplugs the phone or stops usbmuxd, OSError if the connection ends.
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
                raise ConnectionAbortedError("cut, as requested")
            case "trickle":
                left = _trickle(client, left, fault.seconds, wait)
    client.sendall(left)
    return True


def _trickle(client: socket.socket, left: memoryview, seconds: float, wait: Callable[[float], bool]) -> memoryview:
    """Send one byte per millisecond for `seconds`; return the rest."""
    until_s = time.monotonic() + seconds
    while left and time.monotonic() < until_s:
        client.sendall(left[:1])
        left = left[1:]
        wait(TRICKLE_PAUSE_S)
    return left


def _damage(kind: str, message: bytes, before: bytes = b"") -> bytes:
    """Apply the fault `kind` to a message; faults of the connection leave it unchanged."""
    try:
        if kind == REPEATED:
            return damage.depth_repeated(message, before)
        change = DAMAGE.get(kind) or CHANGES.get(kind) or OF_EVERY_FRAME.get(kind)
        return change(message) if change else message
    except ValueError as error:
        raise LidarliveError(
            f"{kind} needs an intact frame, and the clip's own is damaged: {error}. Play another clip"
        ) from None
