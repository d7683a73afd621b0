"""Select which frames of a stream are recorded. Frames that are skipped by choice do not count as lost."""

from __future__ import annotations

from dataclasses import dataclass

from capture.frame import Frame, Pose
from capture.geometry.poses import apart, is_pose

MAX_EVERY = 1000  # at 60 fps a frame every 17 s
MAX_MOVED_M = 1.0
MAX_WORSE_THAN = 2.0  # an error of 200 %
# Turning by a degree changes the picture about as much as moving by a centimetre at half a metre from the scene, the
# closest distance of a scan (model/data/thinning.py thins recordings by the same rule).
DEG_A_METRE = 100.0
NO_POSES = "The phone sends no camera poses: frames are recorded whether it moved or not"


@dataclass(frozen=True)
class FrameFilter:
    """Conditions for a frame to be recorded; all of them must hold.

    every       minimum distance, in frames of the stream, from the last selected frame; 1: every frame
    moved_m     the camera has moved this far since then, or turned by DEG_A_METRE times that; None: no condition
    worse_than  AbsRel of its prediction against the LiDAR exceeds this (0.2: 20 %); None: no condition

    Raises ValueError if a value is out of range.
    """

    every: int = 1
    moved_m: float | None = None
    worse_than: float | None = None

    def __post_init__(self) -> None:
        if type(self.every) is not int or not 1 <= self.every <= MAX_EVERY:
            raise ValueError(f"every must be a whole number from 1 to {MAX_EVERY}. Received: {self.every!r:.40}")
        if self.moved_m is not None and not _is_within(self.moved_m, MAX_MOVED_M):
            raise ValueError(f"moved_m must be above 0 and at most {MAX_MOVED_M:g}. Received: {self.moved_m!r:.40}")
        if self.worse_than is not None and not _is_within(self.worse_than, MAX_WORSE_THAN):
            raise ValueError(
                f"worse_than must be above 0 and at most {MAX_WORSE_THAN:g}. Received: {self.worse_than!r:.40}"
            )

    @property
    def is_all(self) -> bool:
        """Whether every frame is recorded."""
        return self == FrameFilter()

    @property
    def turned_deg(self) -> float | None:
        return None if self.moved_m is None else self.moved_m * DEG_A_METRE

    def words(self) -> str:
        """Describe the filter: `every 5th frame, moved 5 cm or turned 5°, prediction off by more than 20 %`."""
        parts = [f"every {_ordinal(self.every)} frame"] if self.every > 1 else []
        if self.moved_m is not None:
            parts.append(f"moved {self.moved_m * 100:.3g} cm or turned {self.turned_deg:.3g}°")
        if self.worse_than is not None:
            parts.append(f"prediction off by more than {self.worse_than * 100:.3g} %")
        return ", ".join(parts) or "every frame"

    def short_words(self) -> str:
        """Describe the filter for a button: `every 5th · moved 5 cm · off 20 %`."""
        parts = [f"every {_ordinal(self.every)}"] if self.every > 1 else []
        if self.moved_m is not None:
            parts.append(f"moved {self.moved_m * 100:.3g} cm")
        if self.worse_than is not None:
            parts.append(f"off {self.worse_than * 100:.3g} %")
        return " · ".join(parts) or "every frame"


class FrameSelector:
    """Applies a filter to the frames of one stream, in their order. Not thread-safe.

    A frame without a pose may have moved, so it is selected; `lacks_poses`: the last compared frame had no pose.
    """

    def __init__(self, choice: FrameFilter) -> None:
        self.choice = choice
        self.lacks_poses = False
        self._last: tuple[int, Pose] | None = None

    def selects(self, frame: Frame, abs_rel: float | None = None) -> bool:
        """Return whether to record `frame`; if so, the next frames are compared with it.

        `abs_rel` is the error of its prediction; None (unknown) does not count as poor.
        """
        if self.choice.worse_than is not None and not (abs_rel is not None and abs_rel > self.choice.worse_than):
            return False
        if self._last is not None and not self._is_far_from(*self._last, frame):
            return False
        self._last = frame.index, frame.pose
        return True

    def _is_far_from(self, index: int, pose: Pose, frame: Frame) -> bool:
        return frame.index - index >= self.choice.every and (
            self.choice.moved_m is None or self._has_moved(self.choice.moved_m, pose, frame.pose)
        )

    def _has_moved(self, moved_m: float, before: Pose, now: Pose) -> bool:
        # Without tracking (TrueDepth) a phone always sends the identity. A tracked camera may start there, but is
        # never exactly there twice: its pose includes gravity, and hands shake.
        self.lacks_poses = before == now == Pose() or not (is_pose(before) and is_pose(now))
        if self.lacks_poses:
            return True
        metres, degrees = apart(before, now)
        return metres >= moved_m or degrees >= moved_m * DEG_A_METRE


def _is_within(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
