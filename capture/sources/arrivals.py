"""What arrives from a phone, or does not, and the diagnosis that follows.

The doctor, `record`, its JSON events and the window all show this diagnosis.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from capture.protocol.parser import DamageKind
from capture.usb.remedies import Problem, remedy
from capture.wording import counted

PATIENCE_S = 2.0  # without an intact frame, before it is worth a line; phones send the first one within 0.1 s


@dataclass(frozen=True)
class Arrivals:
    """What a phone has sent since its newest intact frame, or since the connection if there was none.

    waited_s            seconds since then
    received_bytes      of the stream
    undecoded           messages that are whole so far and not yet decoded
    damaged, damage     messages, and what is wrong with the newest of them
    oversized, oversize the same, of those whose picture or depth map is too large
    other_age           messages of an app of another age
    crashes, crash      how often the capture process ended by itself, and how it did the last time
    unreadable          why the bytes are not, or no longer, a Record3D stream
    end                 why the stream ended the last time
    """

    waited_s: float = 0.0
    received_bytes: int = 0
    undecoded: int = 0
    damaged: int = 0
    damage: str = ""
    oversized: int = 0
    oversize: str = ""
    other_age: int = 0
    crashes: int = 0
    crash: str = ""
    unreadable: str = ""
    end: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """Why no intact frame arrives.

    title   a few words, the same while it lasts
    found   what was observed, with counts
    fix     what to do
    """

    problem: Problem
    title: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.found}: {self.fix}"


def diagnose(arrivals: Arrivals) -> Diagnosis:
    """Return why no intact frame has arrived."""
    refused = arrivals.damaged + arrivals.oversized + arrivals.other_age
    if arrivals.other_age and arrivals.other_age == max(arrivals.damaged, arrivals.oversized, arrivals.other_age):
        what = "in the format of Record3D 1.7 to 1.9"
        return _diagnosis(Problem.OLD_APP, "The app is too old", _share(arrivals.other_age, refused, what))
    if arrivals.oversized and arrivals.oversized >= arrivals.damaged:
        what = f"too large: {arrivals.oversize}"
        return _diagnosis(Problem.TOO_LARGE, "The pictures are too large", _share(arrivals.oversized, refused, what))
    if arrivals.damaged:
        what = f"damaged: {arrivals.damage}"
        return _diagnosis(Problem.DAMAGED, "The frames are damaged", _share(arrivals.damaged, refused, what))
    if arrivals.unreadable:
        return _diagnosis(Problem.DAMAGED, "This is no Record3D stream", arrivals.unreadable)
    if arrivals.crashes:
        times = "" if arrivals.crashes == 1 else f", {arrivals.crashes} times"
        return _diagnosis(Problem.CRASHED, "The package record3d fails", f"{arrivals.crash}{times}")
    if arrivals.undecoded:
        found = f"{counted(arrivals.undecoded, 'frame')} arrived, none decoded in {_seconds(arrivals.waited_s)}"
        return _diagnosis(Problem.UNSTEADY, "The computer is too busy", found)
    return _diagnosis(Problem.SILENT, *_silence(arrivals))


def _silence(arrivals: Arrivals) -> tuple[str, str]:
    if arrivals.received_bytes:
        title, sent = "No frame is complete", f"{arrivals.received_bytes} bytes, but no complete frame"
    else:
        title, sent = "The phone sends nothing", "nothing"
    if arrivals.end:
        return title, f"{arrivals.end} and had sent {sent}"
    return title, f"the phone sent {sent} in {_seconds(arrivals.waited_s)}"


def _diagnosis(problem: Problem, title: str, found: str) -> Diagnosis:
    return Diagnosis(problem, title, found, remedy(problem))


def _share(count: int, all_of_them: int, what: str) -> str:
    """Return `9 frames, all damaged: ...`, or `9 frames, none intact; 7 damaged: ...`."""
    if count == 1 == all_of_them:
        return f"1 frame, {what}"
    if count == all_of_them:
        return f"{count} frames, all {what}"
    return f"{all_of_them} frames, none intact; {count} {what}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1g} s" if seconds < 1 else f"{seconds:.0f} s"


class ArrivalCounter:
    """Counter of arrivals. One thread counts; any thread may take a `snapshot`."""

    def __init__(self) -> None:
        self._counted: tuple[float, Arrivals] | None = None  # since when (time.monotonic); replaced, never changed

    def snapshot(self) -> Arrivals | None:
        """Return the counts up to now; None while no phone is connected."""
        counted = self._counted
        if counted is None:
            return None
        since_s, arrivals = counted
        return replace(arrivals, waited_s=time.monotonic() - since_s)

    def connected(self) -> None:
        """Begin to wait for a frame, unless that has begun already: a new connection after silence is the same wait."""
        if self._counted is None:
            self.intact_frame()

    def intact_frame(self) -> None:
        """Note that a frame has arrived: the wait for the next begins."""
        self._counted = time.monotonic(), Arrivals()

    def disconnected(self) -> None:
        """Note that there is no phone to wait for."""
        self._counted = None

    def received(self, count: int) -> None:
        """Count bytes."""
        self._change(received_bytes=self._arrivals.received_bytes + count)

    def refused(self, kind: DamageKind, reason: str, count: int = 1) -> None:
        """Count messages that are no intact frame."""
        now = self._arrivals
        if kind == "oversized":
            self._change(oversized=now.oversized + count, oversize=reason)
        elif kind == "other_age":
            self._change(other_age=now.other_age + count)
        else:
            self._change(damaged=now.damaged + count, damage=reason)

    def undecoded(self, count: int) -> None:
        """Note how many messages wait to be decoded."""
        if count != self._arrivals.undecoded:
            self._change(undecoded=count)

    def unreadable(self, reason: str) -> None:
        """Note that the bytes are no Record3D stream."""
        self._change(unreadable=reason)

    def ended(self, reason: str) -> None:
        """Note why the stream ended."""
        self._change(end=reason)

    def crashed(self, reason: str) -> None:
        """Count an end of the capture process."""
        self.connected()
        self._change(crashes=self._arrivals.crashes + 1, crash=reason)

    @property
    def _arrivals(self) -> Arrivals:
        return self._counted[1] if self._counted is not None else Arrivals()

    def _change(self, **counts: int | str) -> None:
        if self._counted is not None:
            since_s, arrivals = self._counted
            self._counted = since_s, replace(arrivals, **counts)  # type: ignore[arg-type]
