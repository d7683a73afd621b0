"""A recording at a glance: thumbnail, length, losses, and how far its depth reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from capture.errors import LidarliveError
from capture.inspection.survey import depth_reach
from capture.jpeg import UInt8Image, reduction
from capture.recording import Recording
from capture.storage.repair import being_written

THUMBNAIL = (96, 96)  # (width, height) in pixels at least, for screens of high density
SAMPLES = 12  # frames, evenly spread, to estimate the coverage from: quick on long recordings
BEING_RECORDED = "being recorded"


@dataclass(frozen=True, eq=False)
class RecordingSummary:
    """thumbnail   uint8 (h, w, 3) of the middle frame, as received
    coverage    as in DepthReach
    problem     why there is nothing more to show; empty if all is well
    source      label of the source that it was recorded from
    """

    path: Path
    name: str
    created_utc: str = ""
    frames: int = 0
    seconds: float = 0.0
    lost: dict[str, int] = field(default_factory=dict)
    thumbnail: UInt8Image | None = None
    coverage: tuple[float, ...] = ()
    problem: str = ""
    source: str = ""

    @property
    def length(self) -> str:
        """Minutes and seconds."""
        minutes, seconds = divmod(round(self.seconds), 60)
        return f"{minutes}:{seconds:02d}"

    @property
    def began(self) -> str:
        """Date and time in this computer's time zone; empty if the recording does not have them."""
        try:
            return f"{datetime.fromisoformat(self.created_utc).astimezone():%d %b %Y, %H:%M}"
        except ValueError:
            return ""


def summary(path: Path) -> RecordingSummary:
    """Summarize a recording from a few frames, after repairing a torn one. May block on the disk; never raises."""
    if being_written(path):
        return RecordingSummary(path, path.name, problem=BEING_RECORDED)
    try:
        recording = Recording(path)
        if not len(recording):
            return RecordingSummary(path, recording.info.name, recording.info.created_utc, problem="no frames")
        return RecordingSummary(
            path,
            recording.info.name,
            recording.info.created_utc,
            len(recording),
            recording.seconds,
            recording.info.lost,
            _thumbnail(recording),
            depth_reach(recording, SAMPLES).coverage,
            source=recording.info.source,
        )
    except LidarliveError as error:
        return RecordingSummary(path, path.name, problem=str(error))


def _thumbnail(recording: Recording) -> UInt8Image:
    return recording.rgb(recording.line(len(recording) // 2), reduction(recording.info.rgb_size, THUMBNAIL))
