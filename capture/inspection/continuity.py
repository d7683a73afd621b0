"""Check that the log lines of a recording are continuous: times, intrinsics, poses, orientation of the phone.

Usual values were measured in recordings of phones: focal length and centre change by at most 0.04 % from frame to
frame, a hand turns the phone by a degree, intervals at 60 fps are 1 or 2 sixtieths of a second.
"""

from __future__ import annotations

from collections.abc import Iterator

from capture.frame import Pose
from capture.geometry.gravity import quarter_turns, up_in_camera
from capture.geometry.poses import apart, is_pose
from capture.inspection.findings import Finding
from capture.inspection.time_line import TimeLine
from capture.storage.layout import FrameLine, RecordingInfo

JUMP = 0.02  # relative change from frame to frame: of the focal length, or of the centre by the picture's width
POSE_JUMP_DEG = 45.0  # between frames at most POSE_JUMP_S apart; in a longer time a person may turn this far
POSE_JUMP_S = 0.2


class Continuity:
    """Checker of one recording: `add` its lines in order, then get the `findings`. Keeps a few bytes per line."""

    def __init__(self, info: RecordingInfo) -> None:
        self._info = info
        self._before: FrameLine | None = None
        self._turns: int | None = None
        self._time_line = TimeLine(info)
        self._before_ns = 0
        self._intrinsics: list[int] = []
        self._turned: list[int] = []
        self._pose: list[int] = []

    def add(self, line: FrameLine) -> None:
        time_ns = self._time_line.add(line).time_ns
        turns = quarter_turns(up_in_camera(line.pose, self._info.depth_size), self._turns)
        if self._turns not in (None, turns):
            self._turned.append(line.index)
        self._turns = turns
        if self._before is not None:
            if self._other_lens(self._before, line):
                self._intrinsics.append(line.index)
            if 0 <= time_ns - self._before_ns <= POSE_JUMP_S * 1e9 and _pose_jumps(self._before, line):
                self._pose.append(line.index)
        self._before, self._before_ns = line, time_ns

    def findings(self) -> Iterator[Finding]:
        yield from self._time_line.findings()
        if self._intrinsics:
            yield Finding(
                "intrinsics",
                False,
                tuple(self._intrinsics),
                "the intrinsics jump here: another lens, or another crop of the picture",
                "If no zoom or change of lens explains it, do not trust distances in pictures from here on.",
            )
        if self._turned:
            yield Finding(
                "turned",
                False,
                tuple(self._turned),
                "the phone was turned here by 90 degrees or more: the pictures that follow have another orientation",
                "The network learns from the pictures as stored. Record portrait and landscape separately.",
            )
        if self._pose:
            yield Finding(
                "pose",
                False,
                tuple(self._pose),
                f"the pose turns by more than {POSE_JUMP_DEG:.0f} degrees from one frame to the next",
                "Tracking was lost and restarted: poses before and after do not fit together. Use either part alone.",
            )

    def _other_lens(self, before: FrameLine, now: FrameLine) -> bool:
        width = self._info.rgb_size[0]
        old, new = before.intrinsics, now.intrinsics
        focal = max(abs(new.fx - old.fx) / max(old.fx, 1.0), abs(new.fy - old.fy) / max(old.fy, 1.0))
        return focal > JUMP or max(abs(new.cx - old.cx), abs(new.cy - old.cy)) > JUMP * width


def _pose_jumps(before: FrameLine, now: FrameLine) -> bool:
    if not (is_pose(before.pose) and is_pose(now.pose)) or Pose() in (before.pose, now.pose):
        return False
    return apart(before.pose, now.pose)[1] > POSE_JUMP_DEG
