"""Points of one picture, combined: one factor, its deviation, and the field about it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.motion.evidence import LEAST_POINTS, Evidence, weigh

RNG = np.random.default_rng(0)
SIZE = (360, 480)


def everywhere(count: int = 150) -> NDArray[np.float32]:
    return RNG.uniform((5, 5), (355, 475), (count, 2)).astype(np.float32)


def weighed(log_ratio: NDArray[np.float64], pixels: NDArray[np.float32], deviation: float = 0.02) -> Evidence:
    evidence = weigh(log_ratio, np.full(len(pixels), deviation), pixels, SIZE)
    assert evidence is not None
    return evidence


@given(st.floats(-2, 2))
def test_one_factor_is_found_exactly(log_scale: float) -> None:
    pixels = np.random.default_rng(1).uniform((5, 5), (355, 475), (80, 2)).astype(np.float32)
    evidence = weighed(np.full(80, log_scale), pixels)
    assert evidence.log_scale == pytest.approx(log_scale, abs=1e-3)
    assert np.allclose(evidence.local, 0, atol=1e-2)
    assert evidence.points == 80


def test_points_that_are_wrong_do_not_count() -> None:
    pixels = everywhere()
    log_ratio = -0.9 + RNG.normal(0, 0.05, len(pixels))
    log_ratio[:45] += RNG.uniform(1, 3, 45)
    evidence = weighed(log_ratio, pixels)
    assert evidence.log_scale == pytest.approx(-0.9, abs=0.04)
    assert 90 <= evidence.points <= 105


def test_points_in_a_corner_say_less_than_points_everywhere() -> None:
    pixels = everywhere()
    corner = pixels / 4
    log_ratio = np.full(len(pixels), 0.3)
    assert weighed(log_ratio, corner).deviation > 1.5 * weighed(log_ratio, pixels).deviation


def test_more_points_do_not_remove_an_error_that_all_have() -> None:
    pixels = everywhere(2000)
    assert weighed(np.zeros(2000), pixels, deviation=0.2).deviation >= 0.2


def test_many_points_on_one_thing_do_not_outvote_the_picture() -> None:
    one_thing = RNG.uniform((20, 20), (60, 60), (200, 2)).astype(np.float32)
    pixels = np.concatenate([one_thing, everywhere(100)])
    log_ratio = np.concatenate([np.full(200, 0.2), np.zeros(100)])
    assert weighed(log_ratio, pixels).log_scale < 0.06


def test_the_field_follows_the_points() -> None:
    pixels = everywhere(200)
    log_ratio = 0.2 * (pixels[:, 1] / 480 - 0.5)
    evidence = weighed(log_ratio.astype(np.float64), pixels)
    assert evidence.local.shape == (8, 6)
    assert evidence.local.dtype == np.float32
    assert evidence.local[0].mean() < -0.05
    assert evidence.local[-1].mean() > 0.05
    assert abs(evidence.local.mean()) < 0.02


def test_the_deviation_covers_the_unseen_part_of_the_field() -> None:
    """Fields of the size and length that are assumed: the true mean is within one deviation in about two of three."""
    cell = np.stack(np.meshgrid(np.arange(6) + 0.5, np.arange(8) + 0.5), axis=-1).reshape(-1, 2) * 60
    apart = np.linalg.norm(cell[:, None] - cell[None], axis=2) / 480
    root = np.linalg.cholesky(0.17**2 * np.exp(-apart / 0.2) + 1e-9 * np.eye(48))
    inside = []
    for _ in range(200):
        field = root @ RNG.normal(size=48)
        some = RNG.choice(48, 12, replace=False)
        pixels = np.repeat(cell[some], 3, axis=0).astype(np.float32)
        log_ratio = np.repeat(field[some], 3) + RNG.normal(0, 0.05, 36)
        evidence = weighed(log_ratio, pixels)
        inside.append(abs(evidence.log_scale - field.mean()) < evidence.deviation)
    assert 0.6 < np.mean(inside) < 0.9


def test_few_points_are_no_evidence() -> None:
    few = LEAST_POINTS - 1
    assert weigh(np.zeros(few), np.full(few, 0.1), everywhere(few), SIZE) is None
