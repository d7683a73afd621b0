"""Units of depth that make a room too deep, or too near, and the likely right ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.geometry.room_depth import DepthReadings, unit_doubt


def room(scale: float = 1.0, near_m: float = 0.6, far_m: float = 4.0) -> DepthReadings:
    """Readings of a room, multiplied by a wrong unit."""
    readings = DepthReadings()
    metres = np.random.default_rng(1).uniform(near_m, far_m, (3, 120, 160)) * scale * 1000
    for millimetres in metres:
        readings.add(np.where(millimetres > 65535, 0, millimetres).astype(np.uint16))
    return readings


def test_percentiles():
    readings = DepthReadings()
    readings.add(
        np.random.default_rng(0).permutation(np.arange(40_000) // 20 + 1000).astype(np.uint16).reshape(200, 200)
    )
    near_m, far_m = readings.near_far_m() or (0, 0)
    assert (near_m, far_m) == (pytest.approx(1.04, abs=0.03), pytest.approx(2.96, abs=0.03))
    assert DepthReadings().near_far_m() is None
    empty = DepthReadings()
    empty.add(np.zeros((8, 8), np.uint16))
    assert (empty.near_far_m(), empty.maps) == (None, 1)


@pytest.mark.parametrize(
    ("true_scale", "assumed", "words"),
    [
        (10_000, 1000, "deeper than a room, if 1000 units are a metre. If not, import it again, probably with "),
        (5000, 1000, "deeper than a room"),
        (1000, 100, "deeper than a room, if 100 units are a metre"),
        (1, 1000, "nearer than a depth camera measures"),
        (10, 1000, "nearer than a depth camera measures"),
        (1000, 100_000, "nearer than a depth camera measures, if 100000 units are a metre"),
        (10, 1, "deeper than a room, if 1 unit is a metre"),
    ],
)
def test_a_wrong_unit_is_doubted_and_the_right_one_named(true_scale: int, assumed: int, words: str):
    doubt = unit_doubt(room(true_scale / assumed).near_far_m(), assumed)
    assert words in doubt
    assert doubt.endswith(f"probably with --depth-scale {true_scale}")


@given(near_m=st.floats(0.15, 3), depth_m=st.floats(0.2, 10), scale=st.sampled_from([1, 1000, 5000, 6553.5]))
def test_rooms_are_not_doubted(near_m: float, depth_m: float, scale: float):
    assert unit_doubt((near_m, near_m + depth_m), scale) == ""


def test_no_readings_raise_no_doubt():
    assert unit_doubt(None, 1000) == ""
