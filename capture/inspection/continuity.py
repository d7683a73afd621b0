"""Do the lines of a recording follow from one another? Its times, lenses, poses, and how the phone was held.

What is usual was read from recordings of phones: focal length and centre change by 0.04 % from frame to frame at most,
a hand turns the phone by a degree, intervals at 60 fps are 1 or 2 sixtieths of a second.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np

from capture.frame import Pose
from capture.geometry.gravity import quarter_turns, up_in_camera
from capture.geometry.poses import apart, is_pose
from capture.inspection.findings import Finding
from capture.storage.layout import FrameLine, RecordingInfo

JUMP = 0.02  # of the focal length, or of the width for the centre, from frame to frame
POSE_JUMP_DEG = 45.0  # between frames up to POSE_JUMP_S apart; beyond, a person may have turned so far
POSE_JUMP_S = 0.2
PAUSE, LEAST_PAUSE_S = 3.0, 0.1  # of the usual interval; and shorter than a tenth of a second nobody misses


class Continuity:
    """Takes the lines of one recording in their order, a few bytes of each, and says at the end what it found."""

    def __init__(self, info: RecordingInfo) -> None:
        self._info = info
        self._before: FrameLine | None = None
        self._turns: int | None = None
        self._frames, self._received_ns, self._stream = array("q"), array("q"), array("q")
        self._intrinsics: list[int] = []
        self._turned: list[int] = []
        self._pose: list[int] = []

    def add(self, line: FrameLine) -> None:
        self._frames.append(line.index)
        self._received_ns.append(line.received_ns)
        self._stream.append(line.stream_index)
        turns = quarter_turns(up_in_camera(line.pose, self._info.depth_size), self._turns)
        if self._turns not in (None, turns):
            self._turned.append(line.index)
        self._turns = turns
        if self._before is not None:
            if self._other_lens(self._before, line):
                self._intrinsics.append(line.index)
            if _pose_jumps(self._before, line):
                self._pose.append(line.index)
        self._before = line

    def findings(self) -> Iterator[Finding]:
        yield from self._times()
        if self._intrinsics:
            yield Finding(
                "intrinsics",
                False,
                tuple(self._intrinsics),
                "the intrinsics jump here: another lens, or another crop of the picture",
                "Where no zoom or change of lens explains it, do not trust distances in pictures from there on.",
            )
        if self._turned:
            yield Finding(
                "turned",
                False,
                tuple(self._turned),
                "the phone was turned here by 90 degrees or more: pictures from there on lie on another side",
                "The network learns from them as they lie. Record portrait and landscape apart.",
            )
        if self._pose:
            yield Finding(
                "pose",
                False,
                tuple(self._pose),
                f"the pose turns by more than {POSE_JUMP_DEG:.0f} degrees from one frame to the next",
                "Tracking was lost and began anew: poses before and after do not fit together. Use either part alone.",
            )

    def _times(self) -> Iterator[Finding]:
        passed_s = np.diff(np.array(self._received_ns, np.float64)) / 1e9
        if not passed_s.size:
            return
        frames = np.array(self._frames)[1:]
        if (backwards := passed_s < 0).any():
            yield Finding(
                "time",
                False,
                tuple(frames[backwards].tolist()),
                "the time goes back here",
                "The source's time stamps are wrong, or its frames out of order. What depends on time is wrong there.",
            )
        # What was left out by choice is no pause: then a frame may take as long as those that it stands for.
        steps = (
            np.maximum(np.diff(np.array(self._stream, np.float64)), 1) if self._info.chosen else np.ones(len(frames))
        )
        usual_s = float(np.median(passed_s / steps))
        pauses = (passed_s > PAUSE * usual_s * steps) & (passed_s > LEAST_PAUSE_S)
        if pauses.any():
            longest = int(np.argmax(np.where(pauses, passed_s, 0)))
            yield Finding(
                "gap",
                False,
                tuple(frames[pauses].tolist()),
                f"time is missing before these: {passed_s[longest]:.2f} s before frame {frames[longest]}, "
                f"where {usual_s * steps[longest]:.3f} s are usual",
                "Frames were lost, or the app paused; `lidarlive inspect` says what is known to be lost.",
                tuple(f"{passed_s[i]:.2f} s before frame {frames[i]}" for i in np.flatnonzero(pauses)),
            )

    def _other_lens(self, before: FrameLine, now: FrameLine) -> bool:
        width = self._info.rgb_size[0]
        old, new = before.intrinsics, now.intrinsics
        focal = max(abs(new.fx - old.fx) / max(old.fx, 1.0), abs(new.fy - old.fy) / max(old.fy, 1.0))
        return focal > JUMP or max(abs(new.cx - old.cx), abs(new.cy - old.cy)) > JUMP * width


def _pose_jumps(before: FrameLine, now: FrameLine) -> bool:
    if not 0 <= now.received_ns - before.received_ns <= POSE_JUMP_S * 1e9:
        return False
    if not (is_pose(before.pose) and is_pose(now.pose)) or Pose() in (before.pose, now.pose):
        return False
    return apart(before.pose, now.pose)[1] > POSE_JUMP_DEG
