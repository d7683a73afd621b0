"""Frames are checked when built, and errors end in what was received."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from capture.frame import MAX_DEPTH_M, Intrinsics, Pose, clean_depth
from tests.frames import make_frame


@pytest.mark.parametrize(
    ("part", "value", "received"),
    [
        ("depth_m", np.zeros((4, 4), np.float64), r"float64 \(4, 4\)"),
        ("depth_m", np.zeros((4, 4, 1), np.float32), r"float32 \(4, 4, 1\)"),
        ("depth_m", np.zeros((0, 4), np.float32), r"float32 \(0, 4\)"),
        ("rgb", np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        ("rgb", np.zeros((4, 4, 4), np.uint8), r"uint8 \(4, 4, 4\)"),
        ("confidence", np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        ("confidence", np.zeros((32, 24), np.int32), r"int32 \(32, 24\)"),
    ],
)
def test_a_part_of_the_wrong_kind_is_refused(part: str, value: np.ndarray, received: str) -> None:
    with pytest.raises(ValueError, match=f"{part}.*Received: {received}"):
        replace(make_frame(0), **{part: value})


def test_what_is_no_reading_becomes_zero() -> None:
    depth = np.array([[np.nan, np.inf, -np.inf, -1, 0, 66, MAX_DEPTH_M, 0.001]], np.float64)
    np.testing.assert_array_equal(clean_depth(depth), np.array([[0, 0, 0, 0, 0, 0, MAX_DEPTH_M, 0.001]], np.float32))


def test_intrinsics_follow_the_picture_when_it_is_resized() -> None:
    phone = Intrinsics(1453.8, 1453.8, 723.9, 960.0)
    small = phone.resized((1440, 1920), (192, 256))
    assert small.as_list() == pytest.approx([v * 192 / 1440 for v in phone.as_list()])
    with pytest.raises(ValueError, match="finite"):
        Intrinsics(float("nan"), 1, 1, 1)


def test_a_pose_has_seven_numbers() -> None:
    pose = Pose.from_list([0, 0, 0, 1, 1, 2, 3])
    assert pose.position_m == (1, 2, 3)
    assert Pose.from_list(pose.as_list()) == pose
    with pytest.raises(ValueError, match="Received: 6"):
        Pose.from_list([0] * 6)
