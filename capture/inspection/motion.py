"""Measure how much of the time the camera is still: by its poses if there are any, else by changes of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import Pose
from capture.frame_filter import DEG_A_METRE
from capture.geometry.poses import apart, is_pose
from capture.recording import Recording

# Mean absolute difference of small grey pictures of mean 0 and deviation 1: five times that of a still view, due to
# sensor noise and JPEG. Mean and deviation are normalised because the phone changes its exposure all the time.
CHANGED = 0.08
THUMBNAIL = (24, 32)  # (width, height), portrait
STEP_S = 0.5  # between two compared frames; a walking person moves a phone by 3 cm and more in this time
STILL_M = 0.01  # still: moved less than this, and turned by less than DEG_A_METRE times this, 1 degree
POSE_PAIRS, PICTURE_PAIRS = 500, 20  # compared at most: parsing a line takes 50 us, decoding a picture 5 ms


@dataclass(frozen=True)
class Stillness:
    """Share of the time in which the camera does not move, measured `by` pose or picture."""

    share: float
    by: str


def stillness(recording: Recording) -> Stillness | None:
    """Measure how much of a recording is still; None for a single frame. Raises LidarliveError on unreadable frames."""
    step = max(1, round(STEP_S * (len(recording) - 1) / recording.seconds)) if recording.seconds else 1
    pairs = max(0, len(recording) - step)
    if not pairs:
        return None
    poses = [_poses(recording, i, i + step) for i in evenly_spaced(pairs, POSE_PAIRS)]
    if any(before != Pose() or now != Pose() for before, now in poses):
        return Stillness(float(np.mean([_is_still(before, now) for before, now in poses])), "pose")
    still = [
        not changed(thumbnail(recording, i), thumbnail(recording, i + step))
        for i in evenly_spaced(pairs, PICTURE_PAIRS)
    ]
    return Stillness(float(np.mean(still)), "picture")


def evenly_spaced(count: int, most: int) -> list[int]:
    """Return at most `most` evenly spaced indices below `count`, including the first and the last."""
    return sorted(set(np.linspace(0, count - 1, min(most, count)).astype(int).tolist())) if count else []


def changed(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two thumbnails differ by more than noise."""
    return float(np.abs(one - other).mean()) > CHANGED


def thumbnail(recording: Recording, i: int) -> NDArray[np.float32]:
    """Return the picture in grey, float32 (h, w) of THUMBNAIL's size, mean 0, deviation 1 (less if it is uniform)."""
    rgb = recording.rgb(recording.line(i), reduced=8)
    width, height = recording.info.rgb_size
    size = THUMBNAIL[::-1] if width > height else THUMBNAIL
    grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray((grey - grey.mean()) / max(float(grey.std()), 1.0), dtype=np.float32)


def _poses(recording: Recording, i: int, j: int) -> tuple[Pose, Pose]:
    return recording.line(i).pose, recording.line(j).pose


def _is_still(before: Pose, now: Pose) -> bool:
    if not (is_pose(before) and is_pose(now)):
        return False
    metres, degrees = apart(before, now)
    return metres < STILL_M and degrees < STILL_M * DEG_A_METRE
