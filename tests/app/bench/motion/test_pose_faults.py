"""Faults that are put into the poses of a recording."""

from __future__ import annotations

import numpy as np
import pytest

from app.bench.motion.pose_faults import FAULTS, frozen, jumps, late, noisy
from capture.frame import Pose

TIMES = [i / 60 for i in range(180)]
POSES = [Pose((0.0, 0.0, 0.0, 1.0), (i / 1000, 0.0, 0.0)) for i in range(180)]


def x_of(poses: list[Pose]) -> list[float]:
    return [pose.position_m[0] for pose in poses]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_keeps_the_number_of_poses_and_their_rotations(name: str) -> None:
    poses = FAULTS[name](POSES, TIMES)
    assert len(poses) == len(POSES)
    assert {pose.quaternion for pose in poses} == {POSES[0].quaternion}
    assert (poses == POSES) == (name == "none")


def test_late_poses_are_those_of_earlier_pictures() -> None:
    assert x_of(late(3)(POSES, TIMES))[:6] == [0, 0, 0, 0, 0.001, 0.002]


def test_jumps_move_the_world_once_a_second() -> None:
    moved = np.diff(x_of(jumps(POSES, TIMES)))
    assert list(np.nonzero(moved > 0.1)[0]) == [59, 119]


def test_frozen_poses_repeat_for_half_a_second() -> None:
    still = np.diff(x_of(frozen(POSES, TIMES))) == 0
    assert still[30:59].all()
    assert not still[:29].any()


def test_noise_is_a_centimetre() -> None:
    off_m = np.subtract(x_of(noisy(POSES, TIMES)), x_of(POSES))
    assert 0.007 < np.std(off_m) < 0.013
