"""Status of a running recording, as shown to the user."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from capture.frame_filter import FrameFilter


@dataclass(frozen=True)
class Part:
    """A recording and its frames so far: one of several if the camera or a size changed meanwhile."""

    path: Path
    written: int


@dataclass(frozen=True)
class RecordingStatus:
    """Status of a running recording.

    path           of the newest part
    parts          all of them, in order
    lost           frames not written, by cause
    possibly_lost  estimate from pauses of the phone, in addition to `lost`
    left_out       frames skipped because `choice` does not match them; not lost
    remark         for the user, about the choice; usually empty
    left_s         seconds until the disk is full at the rate so far; None while unknown
    saving         None while recording; then the share of the queued frames that is on the disk, 0 to 1
    """

    name: str
    path: Path | None = None
    written: int = 0
    seconds: float = 0.0
    lost: dict[str, int] = field(default_factory=dict)
    possibly_lost: int = 0
    choice: FrameFilter = field(default_factory=FrameFilter)
    left_out: int = 0
    remark: str = ""
    error: str = ""
    left_s: float | None = None
    saving: float | None = None
    finished: bool = False
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Losses:
    """Losses up to a moment: frames by cause, and the estimate from pauses."""

    by_cause: Counter[str] = field(default_factory=Counter)
    possibly: int = 0

    def since(self, earlier: Losses) -> Losses:
        return Losses(self.by_cause - earlier.by_cause, max(0, self.possibly - earlier.possibly))
