"""Faults of a phone's poses, put into those of a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from capture.frame import Pose

Poses = Sequence[Pose]
Times = Sequence[float]  # seconds of the same frames

JUMP_M = (0.5, 0.2, -0.3)
JUMP_EVERY_S = 1.0
FREEZE_S = 0.5  # of every second
NOISE_M = 0.01  # standard deviation of each coordinate


def late(frames: int) -> Callable[[Poses, Times], list[Pose]]:
    """Every pose is that of a picture so many frames before."""
    return lambda poses, times: [poses[max(0, i - frames)] for i in range(len(poses))]


def jumps(poses: Poses, times: Times) -> list[Pose]:
    """The world moves once a second, as when the tracking finds its place again."""
    return [_moved(p, np.array(JUMP_M) * int((t - times[0]) / JUMP_EVERY_S)) for p, t in zip(poses, times, strict=True)]


def frozen(poses: Poses, times: Times) -> list[Pose]:
    """The second half of every second repeats one pose, as when the tracking is lost."""
    found, held = [], poses[0]
    for pose, t in zip(poses, times, strict=True):
        if (t - times[0]) % 1.0 < FREEZE_S:
            held = pose
        found.append(held)
    return found


def noisy(poses: Poses, times: Times) -> list[Pose]:
    """Every position is off by about a centimetre, each by itself."""
    random = np.random.default_rng(0)
    return [_moved(pose, random.normal(0, NOISE_M, 3)) for pose in poses]


FAULTS: dict[str, Callable[[Poses, Times], list[Pose]]] = {
    "none": lambda poses, times: list(poses),
    "late by 1 frame": late(1),
    "late by 3 frames": late(3),
    "jumps": jumps,
    "frozen": frozen,
    "noise of 1 cm": noisy,
}


def _moved(pose: Pose, by_m: np.ndarray) -> Pose:
    x, y, z = (float(a + b) for a, b in zip(pose.position_m, by_m, strict=True))
    return replace(pose, position_m=(x, y, z))
