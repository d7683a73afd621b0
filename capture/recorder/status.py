"""What a person sees of a recording that is being made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from capture.frame_filter import FrameFilter


@dataclass(frozen=True)
class RecordingStatus:
    """What a person wants to see of a running recording.

    `lost` counts frames not written, by cause; `possibly_lost` is what pauses of the phone point to, apart from them;
    neither counts those that were `left_out` by `choice`. `remark` is what a person should know of the choice.
    `left_s` is how much longer the disk has room at the rate so far, None before that can be told. `saving` is None
    while frames are taken, then from 0 to 1 how much of what waited is on the disk.
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


@dataclass(frozen=True)
class Losses:
    """What was lost up to some moment: frames by cause, and frames that pauses point to."""

    by_cause: Counter[str] = field(default_factory=Counter)
    possibly: int = 0

    def since(self, earlier: Losses) -> Losses:
        return Losses(self.by_cause - earlier.by_cause, max(0, self.possibly - earlier.possibly))
