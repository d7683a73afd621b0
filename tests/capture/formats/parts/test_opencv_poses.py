"""Poses in OpenCV's axes to ours: the camera's y and z are flipped, the world is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.formats.parts.opencv_poses import (
    matrix_from_pose,
    opencv_from_pose,
    opencv_matrix_from_pose,
    pose_from_matrix,
    pose_from_opencv,
)
from capture.frame import Pose
from tests.support.foreign import rotation

IDENTITY = np.eye(4)


def test_a_camera_that_looks_along_z_with_y_down():
    pose = pose_from_matrix(np.array([[1, 0, 0, 1], [0, 1, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]], float))
    assert pose.position_m == (1, 2, 3)
    right, up, backwards = rotation(pose).T
    np.testing.assert_allclose(right, (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(up, (0, -1, 0), atol=1e-12)
    np.testing.assert_allclose(backwards, (0, 0, -1), atol=1e-12)


angles = st.floats(-math.pi, math.pi)


@settings(deadline=None)
@given(angles, angles, angles)
def test_any_rotation(a: float, b: float, c: float):
    turns = [np.array([[math.cos(t), -math.sin(t)], [math.sin(t), math.cos(t)]]) for t in (a, b, c)]
    matrix = np.eye(4)
    for turn, plane in zip(turns, ([0, 1], [1, 2], [0, 2]), strict=True):
        step = np.eye(4)
        step[np.ix_(plane, plane)] = turn
        matrix = matrix @ step
    pose = pose_from_matrix(matrix)
    assert math.hypot(*pose.quaternion) == pytest.approx(1)
    np.testing.assert_allclose(rotation(pose), matrix[:3, :3] @ np.diag([1.0, -1, -1]), atol=1e-7)


def test_a_quaternion_and_its_matrix_are_one_pose():
    quaternion = np.array([0.5, -0.1, 0.3, 0.8]) / math.hypot(0.5, -0.1, 0.3, 0.8)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(Pose(tuple(quaternion)))
    np.testing.assert_allclose(
        pose_from_matrix(matrix).quaternion, pose_from_opencv(quaternion, np.zeros(3)).quaternion, atol=1e-12
    )


numbers = st.floats(-5, 5)


@settings(deadline=None, max_examples=50)
@given(st.tuples(numbers, numbers, numbers, numbers).filter(lambda q: math.hypot(*q) > 0.01), numbers)
def test_there_and_back(quaternion: tuple[float, float, float, float], along: float):
    """Of quaternions of any length, through OpenCV's axes as a quaternion and as a matrix."""
    length = math.hypot(*quaternion)
    x, y, z, w = (number / length for number in quaternion)
    pose = Pose(quaternion, (along, 1.0, -2.0))
    np.testing.assert_allclose(matrix_from_pose(pose)[:3, :3], rotation(Pose((x, y, z, w))), atol=1e-12)
    for back in (pose_from_opencv(*opencv_from_pose(pose)), pose_from_matrix(opencv_matrix_from_pose(pose))):
        assert back.position_m == pose.position_m
        np.testing.assert_allclose(rotation(back), rotation(Pose((x, y, z, w))), atol=1e-7)


@pytest.mark.parametrize(
    "matrix",
    [
        np.full((4, 4), -np.inf),  # how some data sets say that tracking was lost
        np.full((4, 4), np.nan),
        np.full((4, 4), 1e300),
        np.zeros((4, 4)),
        2 * IDENTITY,
        np.diag([1.0, 1, -1, 1]),  # a mirror
        IDENTITY + np.eye(4, k=1),
        np.vstack([IDENTITY[:3], [1, 0, 0, 1]]),
    ],
)
def test_what_is_no_pose(matrix: np.ndarray):
    with pytest.raises(ValueError, match="must be a rotation and a translation"):
        pose_from_matrix(matrix)
