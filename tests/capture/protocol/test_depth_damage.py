"""Damaged depth, and depth that repeats the previous map, is distinguished from measured depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from capture.formats.r3d_reader import R3dFile
from capture.protocol.depth_damage import IMPOSSIBLE_PIXELS, STALE_ROWS, DepthDamageDetector


def measured(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.2, 5, (256, 192)).astype(np.float32)


@pytest.mark.parametrize(
    ("fresh_rows", "damage"), [(0, "stale"), (200, "stale"), (252, "stale"), (253, None), (256, None)]
)
def test_repeated_rows_of_the_previous_map(fresh_rows: int, damage: str | None) -> None:
    detector, depth_m = DepthDamageDetector(), measured(1)
    assert detector.check(measured(0)) is None
    depth_m[fresh_rows:] = measured(0)[fresh_rows:]
    assert detector.check(depth_m) == damage
    assert detector.check(measured(2)) is None


def test_nan_equals_nan() -> None:
    detector, depth_m = DepthDamageDetector(), measured(0)
    depth_m[::3] = np.nan
    assert detector.check(depth_m) is None
    assert detector.check(depth_m.copy()) == "stale"


def test_a_covered_sensor_is_not_stale() -> None:
    """It sends maps without a reading, or with readings in too few rows to decide."""
    detector, depth_m = DepthDamageDetector(), np.zeros((256, 192), np.float32)
    for _ in range(3):
        assert detector.check(depth_m) is None
    depth_m[: STALE_ROWS - 1] = 1
    assert detector.check(depth_m) is None
    assert detector.check(depth_m) is None


def test_maps_of_another_size_are_not_compared() -> None:
    detector = DepthDamageDetector()
    detector.check(np.ones((4, 8), np.float32))
    assert detector.check(np.ones((8, 4), np.float32)) is None


@pytest.mark.parametrize(
    ("value", "damage"),
    [(1e-20, "corrupt"), (-3e30, "corrupt"), (70, "corrupt"), (np.nan, None), (np.inf, None), (-1, None), (0, None)],
)
def test_magnitudes_that_no_sensor_measures(value: float, damage: str | None) -> None:
    depth_m = measured(0)
    depth_m.flat[: IMPOSSIBLE_PIXELS - 1] = value
    assert DepthDamageDetector().check(depth_m) is None
    depth_m.flat[IMPOSSIBLE_PIXELS - 1] = value
    assert DepthDamageDetector().check(depth_m) == damage


@pytest.mark.parametrize("name", ["desk-1", "desk-2", "door"])
def test_no_frame_of_a_real_phone_is_damaged(real_data: Path, name: str) -> None:
    detector = DepthDamageDetector()
    with R3dFile(real_data / f"{name}.r3d") as r3d:
        assert [detector.check(r3d.depth_m(i)) for i in range(60)] == [None] * 60
