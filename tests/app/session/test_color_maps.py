"""Depth and differences as colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.session import color_maps
from app.session.color_maps import DIVERGING, NO_READING, TURBO, SmoothRange


def test_tables_hold_their_maps_and_no_reading_is_in_neither() -> None:
    for table in (TURBO, DIVERGING):
        assert (table.shape, table.dtype) == ((256, 3), np.uint8)
        assert tuple(table[0]) == NO_READING
        distance = np.abs(table[1:].astype(int) - NO_READING).max(axis=1)
        assert distance.min() > 15, "a depth that looks like no reading"
    assert tuple(TURBO[1]) == (48, 18, 59), "turbo begins dark blue"
    assert TURBO[-1][0] > 100 > TURBO[-1][2], "and ends red"
    low, middle, high = (DIVERGING[i].astype(int) for i in (1, 128, 255))
    assert low[2] > low[0], "negative is blue"
    assert high[0] > high[2], "positive is red"
    assert np.ptp(middle) < 5, "zero has no colour"


def test_depth_indices_span_the_scale() -> None:
    depth = np.array([[0.0, np.nan, -1.0, 0.4], [0.5, 1.5, 2.5, 9.0]], np.float32)
    assert color_maps.depth_indices(depth, 0.5, 2.5).tolist() == [[0, 0, 0, 1], [1, 128, 255, 255]]


def test_difference_indices_are_symmetrical_about_zero() -> None:
    difference = np.array([[np.nan, 0.0, -0.1, 0.1, -5.0, 5.0, 0.025]], np.float32)
    assert color_maps.difference_indices(difference, 0.1).tolist() == [[0, 128, 1, 255, 1, 255, 160]]


@given(st.lists(st.floats(0.0625, 60, width=32), min_size=2, max_size=40), st.floats(0.01, 20), st.floats(0.2, 20))
def test_farther_is_never_a_lower_index(depths: list[float], near: float, span: float) -> None:
    indices = color_maps.depth_indices(np.array([sorted(depths)], np.float32), near, near + span)[0].astype(int)
    assert np.all(np.diff(indices) >= 0)
    assert indices.min() >= 1


def test_difference_is_on_the_lidars_grid_and_only_where_both_have_a_reading() -> None:
    predicted = np.full((128, 96), 2.0, np.float32)
    lidar = np.full((256, 192), 1.5, np.float32)
    lidar[:10] = 0
    difference = color_maps.difference_m(predicted, lidar)
    assert (difference.shape, difference.dtype) == ((256, 192), np.float32)
    assert np.isnan(difference[:10]).all()
    assert np.allclose(difference[10:], 0.5)


def test_the_scale_holds_both_maps_ignores_a_few_wild_pixels_and_is_eased() -> None:
    near_map, far_map = np.full((64, 64), 1.0, np.float32), np.full((64, 64), 3.0, np.float32)
    near_map[0, 0] = 60.0
    scale = SmoothRange()
    assert scale.depth(near_map, far_map) == pytest.approx((1.0, 3.0))
    near, far = scale.depth(near_map, far_map + 2)
    assert near == pytest.approx(1.0)
    assert 3.0 < far < 3.5, "one frame moves the scale a little"
    for _ in range(100):
        near, far = scale.depth(near_map, far_map + 2)
    assert far == pytest.approx(5.0, abs=0.01)


def test_scales_of_nothing_and_of_a_flat_wall_have_a_width() -> None:
    scale = SmoothRange()
    empty = np.zeros((8, 8), np.float32)
    near, far = scale.depth(empty)
    assert near < far
    flat = np.ones((8, 8), np.float32)
    near, far = scale.depth(flat)
    assert (near, far) == pytest.approx((1.0, 1.0 + color_maps.MIN_SPAN_M))
    assert scale.depth(empty) == (near, far), "a frame without readings leaves the scale as it was"
    assert scale.difference(np.full((8, 8), np.nan, np.float32)) == color_maps.MIN_DIFFERENCE_M
    assert scale.difference(flat) == pytest.approx(1.0)
