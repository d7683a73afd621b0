"""What the networks see and should answer: sizes, weights, edges, canonical depth."""

from __future__ import annotations

import numpy as np
import pytest

from capture.frame import Intrinsics
from model.data import targets


def test_resizing_depth_blends_no_readings_and_no_holes():
    depth = np.zeros((48, 64), np.float32)
    depth[::2] = 1.0
    depth[1::4] = 3.0
    for size in [(16, 12), (31, 23), (128, 96)]:
        resized = targets.resize_depth(depth, size)
        assert resized.shape == size[::-1]
        assert set(np.unique(resized)) <= {0.0, 1.0, 3.0}


def test_nearest_takes_the_middle_of_what_it_replaces():
    row = np.arange(9, dtype=np.float32)[None].repeat(9, axis=0)
    assert np.allclose(targets.resize_depth(row, (3, 3))[0], [1, 4, 7])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_nearest_keeps_the_type(dtype: type):
    image = np.arange(12, dtype=dtype).reshape(3, 4)
    doubled = targets.resize_nearest(image, (8, 6))
    assert doubled.dtype == dtype
    assert np.array_equal(doubled, image.repeat(2, axis=0).repeat(2, axis=1))


def test_rgb_is_averaged_where_it_shrinks():
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[:, ::2] = 200
    assert np.all(targets.resize_rgb(rgb, (2, 2)) == 100)


def test_weights_by_confidence_and_reading():
    depth = np.array([[1, 1, 1, 0]], np.float32)
    confidence = np.array([[0, 1, 2, 2]], np.uint8)
    assert targets.weights(depth, confidence).tolist() == [[0, 0.5, 1, 0]]
    assert targets.weights(depth, None).tolist() == [[1, 1, 1, 0]]


def test_edges_are_the_gradient_of_log_depth():
    """exp(k x) has the same log gradient everywhere, k a pixel, whatever its scale."""
    ramp = np.exp(0.03 * np.arange(20, dtype=np.float32))[None].repeat(10, axis=0)
    for scale in (1.0, 4.0):
        assert np.allclose(targets.edges(ramp * scale)[:, 1:-1], 0.03, atol=1e-4)


def test_edges_are_zero_beside_a_hole():
    depth = np.full((9, 9), 2.0, np.float32)
    depth[:, 5:] = 4.0
    assert targets.edges(depth)[4, 4] > 0.1
    depth[4, 4] = 0
    assert not targets.edges(depth)[3:6, 3:6].any()
    assert targets.edges(depth)[1, 4] > 0.1
    assert not targets.edges_valid(depth > 0)[3:6, 3:6].any()


def test_edges_agree_with_a_sobel_written_out():
    depth = np.random.default_rng(0).uniform(0.5, 4, (12, 15)).astype(np.float32)
    logs, expected = np.log(depth), np.zeros((12, 15))
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    for y in range(1, 11):
        for x in range(1, 14):
            patch = logs[y - 1 : y + 2, x - 1 : x + 2]
            expected[y, x] = np.hypot((patch * kernel).sum(), (patch * kernel.T).sum()) / 8
    assert np.allclose(targets.edges(depth)[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-5)


@pytest.mark.parametrize("zoom", [0.5, 1.0, 2.0])
def test_the_same_picture_has_the_same_canonical_depth(zoom: float):
    """A thing twice as far seen with twice the focal length looks the same: its target must be the same."""
    depth = np.random.default_rng(1).uniform(0.5, 4, (6, 8)).astype(np.float32)
    usual = targets.log_canonical(depth, 150.0, 200.0)
    assert np.allclose(targets.log_canonical(depth * np.float32(zoom), 150.0 * zoom, 200.0), usual, atol=1e-5)


def test_focal_length_is_scaled_with_the_picture_and_unknown_is_canonical():
    camera = Intrinsics(720.0, 700.0, 360.0, 480.0)
    assert targets.focal_px(camera, (720, 960), (192, 256), 200.0) == pytest.approx(192.0)
    assert targets.focal_px(None, (720, 960), (192, 256), 200.0) == 200.0
    assert targets.focal_px(Intrinsics(0, 0, 0, 0), (720, 960), (192, 256), 200.0) == 200.0
