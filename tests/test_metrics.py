"""The measures against the same formulas written out plainly, one pixel at a time."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from model.metrics import RANGES, Sums, report


def naive(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Every pixel measure from (prediction, LiDAR) pairs."""
    n = len(pairs)
    logs = [math.log(p) - math.log(d) for p, d in pairs]
    silog = math.sqrt(sum(v * v for v in logs) / n - (sum(logs) / n) ** 2)
    return {
        "mse_mm2": sum((1000 * p - 1000 * d) ** 2 for p, d in pairs) / n,
        "rmse_m": math.sqrt(sum((p - d) ** 2 for p, d in pairs) / n),
        "mae_m": sum(abs(p - d) for p, d in pairs) / n,
        "abs_rel": sum(abs(p - d) / d for p, d in pairs) / n,
        "sq_rel": sum((p - d) ** 2 / d for p, d in pairs) / n,
        "rmse_log": math.sqrt(sum(v * v for v in logs) / n),
        "log10": sum(abs(math.log10(p) - math.log10(d)) for p, d in pairs) / n,
        "silog": 100 * silog,
        **{f"delta{k}": sum(max(p / d, d / p) < 1.25**k for p, d in pairs) / n for k in (1, 2, 3)},
    }


def frames(count: int = 3, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    result = []
    for _ in range(count):
        depth = rng.uniform(0.1, 12, (10, 14)).astype(np.float32)
        depth[rng.random(depth.shape) < 0.1] = 0
        predicted = (np.where(depth > 0, depth, 1) * rng.uniform(0.6, 1.7, depth.shape)).astype(np.float32)
        result.append((predicted, depth, rng.integers(0, 3, depth.shape).astype(np.uint8)))
    return result


@pytest.mark.parametrize(("name", "least", "near", "far"), [("near", 2, 0.2, 5.0), ("far", 1, 0.0, 10.0)])
def test_pixel_measures_agree_with_their_formulas(name: str, least: int, near: float, far: float):
    sums, pairs = Sums(), []
    for predicted, depth, confidence in frames():
        sums.add(predicted, depth, RANGES[name].mask(depth, confidence))
        for p, d, c in zip(predicted.flat, depth.flat, confidence.flat, strict=True):
            if d > 0 and c >= least and near <= d <= far:
                pairs.append((float(p), float(d)))
    measured = sums.metrics()
    assert measured.frames == 3
    for measure, value in naive(pairs).items():
        assert getattr(measured, measure) == pytest.approx(value, rel=1e-5), measure


def test_absent_confidence_counts_as_confident():
    depth = np.full((4, 4), 2.0, np.float32)
    assert RANGES["near"].mask(depth, None).all()
    assert not RANGES["near"].mask(depth, np.ones((4, 4), np.uint8)).any()
    assert RANGES["far"].mask(depth, np.ones((4, 4), np.uint8)).all()


def test_a_perfect_prediction_is_perfect():
    sums = Sums()
    for _, depth, _ in frames():
        sums.add(np.where(depth > 0, depth, 1).astype(np.float32), depth, depth > 0)
    measured = sums.metrics()
    assert (measured.rmse_m, measured.abs_rel, measured.delta1) == (0, 0, 1)
    assert measured.scale_ratio == 1


def test_the_scale_ratio_is_the_median_over_frames():
    sums = Sums()
    for scale in (1.5, 2.0, 10.0):
        depth = np.full((4, 4), 1.0, np.float32)
        sums.add(depth * np.float32(scale), depth, depth > 0)
    assert sums.metrics().scale_ratio == pytest.approx(2.0)


def step_at(column: int) -> np.ndarray:
    depth = np.full((20, 30), 2.0, np.float32)
    depth[:, column:] = 3.0
    return depth


@pytest.mark.parametrize(("shift", "f1"), [(0, 1.0), (1, 1.0), (3, 0.0)])
def test_an_edge_may_be_one_pixel_off_and_no_more(shift: int, f1: float):
    sums, truth = Sums(), step_at(10)
    sums.add(step_at(10 + shift), truth, truth > 0)  # the Sobel response to a step is two pixels wide
    assert sums.metrics().edge_f1 == f1


def test_edges_of_one_map_only_give_no_f1():
    flat, sums = np.full((20, 30), 2.0, np.float32), Sums()
    sums.add(flat, step_at(10), flat > 0)
    assert sums.metrics().edge_f1 == 0
    assert sums.metrics().edge_recall == 0
    neither = Sums()
    neither.add(flat, flat, flat > 0)
    assert math.isnan(neither.metrics().edge_f1)


def test_flicker_is_the_change_relative_to_the_lidars():
    sums, mask = Sums(), np.ones((4, 4), np.bool_)
    before, now = np.full((4, 4), 2.0, np.float32), np.full((4, 4), 2.2, np.float32)
    sums.add_change((before, now), (before, now), mask)
    assert sums.metrics().flicker == pytest.approx(1.0)
    sums = Sums()
    sums.add_change((before, (before * 1.21).astype(np.float32)), (before, now), mask)
    assert sums.metrics().flicker == pytest.approx(2.0, rel=1e-4)


def test_merging_recordings_is_the_same_as_measuring_them_together():
    parts, together = [Sums(), Sums()], Sums()
    for part, seed in zip(parts, (1, 2), strict=True):
        for predicted, depth, _ in frames(seed=seed):
            part.add(predicted, depth, depth > 0)
            together.add(predicted, depth, depth > 0)
    merged = Sums()
    for part in parts:
        merged.merge(part)
    assert merged.metrics().to_dict() == pytest.approx(together.metrics().to_dict())


def test_nothing_to_measure_is_null_in_json():
    sums = {name: Sums() for name in RANGES}
    empty = np.zeros((4, 4), np.float32)
    for one in sums.values():
        one.add(np.ones_like(empty), empty, empty > 0)
    text = json.dumps(report(sums), allow_nan=False)
    assert json.loads(text)["near"]["frames"] == 0
    assert json.loads(text)["near"]["rmse_m"] is None
