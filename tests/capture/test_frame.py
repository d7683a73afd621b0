"""Frames are checked on creation, and errors end in what was received."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from capture.frame import MAX_DEPTH_M, Intrinsics, Pose, clean_depth
from capture.jpeg import Jpeg
from capture.storage.encoding import encode_jpeg
from tests.support.frames import make_frame


@pytest.mark.parametrize(
    ("part", "value", "received"),
    [
        ("depth_m", np.zeros((4, 4), np.float64), r"float64 \(4, 4\)"),
        ("depth_m", np.zeros((4, 4, 1), np.float32), r"float32 \(4, 4, 1\)"),
        ("depth_m", np.zeros((0, 4), np.float32), r"float32 \(0, 4\)"),
        ("image", np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        ("image", np.zeros((4, 4, 4), np.uint8), r"uint8 \(4, 4, 4\)"),
        ("confidence", np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        ("confidence", np.zeros((32, 24), np.int32), r"int32 \(32, 24\)"),
    ],
)
def test_parts_of_the_wrong_type_are_rejected(part: str, value: np.ndarray, received: str) -> None:
    with pytest.raises(ValueError, match=f"{part}.*Received: {received}"):
        replace(make_frame(0), **{part: value})


def test_invalid_depth_becomes_zero() -> None:
    depth = np.array([[np.nan, np.inf, -np.inf, -1, 0, 66, MAX_DEPTH_M, 0.001]], np.float64)
    np.testing.assert_array_equal(clean_depth(depth), np.array([[0, 0, 0, 0, 0, 0, MAX_DEPTH_M, 0.001]], np.float32))


def test_the_phones_jpeg_is_decoded_on_demand() -> None:
    pixels = make_frame(7)
    frame = replace(pixels, image=Jpeg.checked(encode_jpeg(pixels.rgb)))
    assert pixels.jpeg is None
    assert frame.jpeg == encode_jpeg(pixels.rgb)
    assert (frame.rgb_size, pixels.rgb_size) == ((72, 96), (72, 96))
    assert frame.nbytes < pixels.nbytes == 3 * 72 * 96 + 5 * 24 * 32
    assert np.abs(frame.rgb.astype(int) - pixels.rgb).max() <= 2


def test_a_picture_is_decoded_no_larger_than_needed() -> None:
    frame = make_frame(7)
    assert frame.rgb_for((72, 96)) is frame.rgb
    assert frame.rgb_for((36, 40)).shape == (48, 36, 3)
    assert frame.rgb_for((9, 12)).shape == (12, 9, 3)
    assert (frame.rgb_for((1, 1)) == 7).all()


def test_intrinsics_of_a_resized_picture() -> None:
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
