"""Does the camera move? By its poses where there are any, else by how much the picture changes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import Pose
from capture.frame_filter import DEG_A_METRE
from capture.geometry.poses import apart, is_pose
from capture.recording import Recording

# Of small grey pictures of mean 0 and deviation 1, mean absolute: five times what sensor noise and JPEG make of a still
# view. Mean and deviation are taken out because the phone changes its exposure all the time.
CHANGED = 0.08
THUMBNAIL = (24, 32)  # (width, height), portrait
STEP_S = 0.5  # two frames so far apart are compared; hands that walk move a phone by 3 cm and more meanwhile
STILL_M = 0.01  # moved less, and turned by less than DEG_A_METRE times that, 1 degree
POSE_PAIRS, PICTURE_PAIRS = 500, 20  # compared at most, evenly spread: a line is parsed in 50 us, a picture takes 5 ms


@dataclass(frozen=True)
class Stillness:
    """How much of the time the camera does not move. `by` says what that is told by: pose or picture."""

    share: float
    by: str


def stillness(recording: Recording) -> Stillness | None:
    """None for a single frame. Raises LidarliveError where a frame cannot be read."""
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


def evenly_spaced(of: int, most: int) -> list[int]:
    """At most `most` of the numbers from 0 to below `of`, evenly spread, with the first and the last."""
    return sorted(set(np.linspace(0, of - 1, min(most, of)).astype(int).tolist())) if of else []


def changed(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two thumbnails show more than the same view with another noise."""
    return float(np.abs(one - other).mean()) > CHANGED


def thumbnail(recording: Recording, i: int) -> NDArray[np.float32]:
    """The picture in grey, float32 (h, w) of THUMBNAIL's size, mean 0, deviation 1 (less where it has none)."""
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
