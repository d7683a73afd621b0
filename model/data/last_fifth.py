"""Divide one recording in time, to judge on its end where no whole recording can be held out.

    trained on ·················· gap, in neither part ········ last fifth, judged on

Even so it is the same walk, and flatters the result: room, light and camera are those that were trained on. What the
gap prevents is worse, a judgement on pictures that were nearly trained on. Three kinds of frames are in it:

- those of the second before the last fifth: in less, a hand that walks through a room shows little that is new;
- earlier ones from which the camera saw nearly the same, because the walk came back to its beginning;
- those with the same picture or depth map as one of the last fifth, as in a stream that repeats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.frame import Pose
from capture.geometry.poses import apart, is_pose
from capture.storage.layout import FrameLine
from capture.wording import counted

FIFTH = 5
GAP_S = 1.0
# Nearer than both, three quarters of a phone's picture (53 degrees wide) are the same: at a metre, where a walk looks
# at furniture, the picture moves by 6 degrees from one and by 10 from the other.
NEAR_M, NEAR_DEG = 0.10, 10.0
STEP_M, STEP_DEG = 0.02, 2.0  # poses of the last fifth that differ less count as one, so that a tripod costs nothing
LEAST_TRAINED = 8  # one step's batch

Near = Callable[[Pose], bool]


@dataclass(frozen=True)
class LastFifth:
    """Indices of the frames in each part, ascending; those in neither are the gap."""

    train: tuple[int, ...]
    held_out: tuple[int, ...]

    @property
    def begins(self) -> int:
        """The first frame of the last fifth."""
        return self.held_out[0]

    @property
    def left_out(self) -> int:
        """Number of frames in the gap."""
        return self.begins - len(self.train)


def divide(lines: Sequence[FrameLine]) -> LastFifth:
    """Cut off the last fifth of the frames, and leave out what is too near to it.

    Poses count where they are valid and not all the same, which means that nothing tracked the camera.

    Raises LidarliveError where too few frames are left to train on.
    """
    begins = len(lines) - math.ceil(len(lines) / FIFTH)
    before, judged = lines[:begins], lines[begins:]
    early = [i for i, line in enumerate(before) if judged[0].received_ns - line.received_ns >= GAP_S * 1e9]
    if len(early) < LEAST_TRAINED:
        raise LidarliveError(
            f"It is too short: its last fifth, and a gap of {GAP_S:g} s before it, leave "
            f"{counted(len(early), 'frame')} to train on. Record 5 s or more"
        )
    contents = {key for line in judged for key in _contents(line)}
    near = _near_to(lines, judged)
    train = tuple(i for i in early if contents.isdisjoint(_contents(lines[i])) and not near(lines[i].pose))
    if len(train) < LEAST_TRAINED:
        raise LidarliveError(
            f"The camera saw the same before as in its last fifth, which leaves {len(train)} of "
            f"{counted(len(early), 'frame')} to train on. Record again, and walk on to somewhere else"
        )
    return LastFifth(train, tuple(range(begins, len(lines))))


def _contents(line: FrameLine) -> Iterator[tuple[str, str]]:
    """Checksums of picture and depth map."""
    return ((kind, line.files[kind].crc32) for kind in ("rgb", "depth"))


def _near_to(lines: Sequence[FrameLine], judged: Sequence[FrameLine]) -> Near:
    """Whether a camera saw nearly what one of `judged` saw; False wherever poses are unknown."""
    if len({tuple(line.pose.as_list()) for line in lines}) < 2:
        return lambda pose: False
    cells: dict[tuple[float, ...], list[Pose]] = {}
    last: Pose | None = None
    for pose in (line.pose for line in judged if is_pose(line.pose)):
        if last is None or _differ(pose, last):
            cells.setdefault(_cell(pose), []).append(pose)
            last = pose
    around: dict[tuple[float, ...], tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def near(pose: Pose) -> bool:
        if not is_pose(pose):
            return False
        cell = _cell(pose)
        if cell not in around:
            steps = product((-1, 0, 1), repeat=3)
            keys = (tuple(a + b for a, b in zip(cell, step, strict=True)) for step in steps)
            around[cell] = _arrays([each for key in keys for each in cells.get(key, ())])
        positions_m, quaternions = around[cell]
        moved_m = np.linalg.norm(positions_m - pose.position_m, axis=1)
        quaternion = np.array(pose.quaternion) / math.hypot(*pose.quaternion)
        cosine = np.minimum(1.0, np.abs(quaternions @ quaternion))
        return bool(np.any((moved_m < NEAR_M) & (2 * np.arccos(cosine) < math.radians(NEAR_DEG))))

    return near


def _differ(one: Pose, other: Pose) -> bool:
    moved_m, turned_deg = apart(one, other)
    return moved_m > STEP_M or turned_deg > STEP_DEG


def _cell(pose: Pose) -> tuple[float, ...]:
    """Cube of NEAR_M that the camera was in: what is nearer than that is in it, or beside it."""
    return tuple(math.floor(metres / NEAR_M) for metres in pose.position_m)


def _arrays(poses: Sequence[Pose]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions (n, 3) in metres, and quaternions (n, 4) of length 1."""
    positions_m = np.array([pose.position_m for pose in poses], dtype=np.float64).reshape(-1, 3)
    quaternions = np.array([pose.quaternion for pose in poses], dtype=np.float64).reshape(-1, 4)
    return positions_m, quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
