"""The live figures against those of the evaluation, and what they forget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.session.live_accuracy import HISTORY_S, INTERVAL_S, WINDOW_S, LiveAccuracy
from capture.frame import Frame
from model.evaluation.metrics import RANGES, Sums
from model.predictor import Prediction
from tests.support.frames import make_frame

RNG = np.random.default_rng(0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def frame(index: int = 0) -> Frame:
    depth = RNG.uniform(0.3, 6.0, (32, 24)).astype(np.float32)
    depth[:3] = 0
    confidence = RNG.integers(0, 3, depth.shape).astype(np.uint8)
    return replace(make_frame(index, (72, 96), (24, 32)), depth_m=depth, confidence=confidence)


def prediction(of: Frame, factor: float = 1.1, size: tuple[int, int] = (32, 24)) -> Prediction:
    depth = of.depth_m if size == of.depth_m.shape else np.full(size, 2.0, np.float32)
    noisy = np.maximum(depth, 0.5) * factor + RNG.normal(0, 0.1, size)
    return Prediction(of.index, noisy.astype(np.float32), np.zeros(size, np.float32), 0.01)


def test_the_figures_are_those_of_the_evaluation() -> None:
    clock, sums = Clock(), Sums()
    live = LiveAccuracy(clock)
    assert live.latest() is None
    for index in range(5):
        seen = frame(index)
        predicted = prediction(seen)
        live.add(predicted, seen)
        sums.add(predicted.depth_m, seen.depth_m, RANGES["near"].mask(seen.depth_m, seen.confidence))
        clock.now_s += INTERVAL_S
    found, expected = live.latest(), sums.metrics()
    assert found is not None
    assert found.rmse_m == pytest.approx(expected.rmse_m, rel=1e-5)
    assert found.abs_rel == pytest.approx(expected.abs_rel, rel=1e-5)
    assert found.delta1 == pytest.approx(expected.delta1, rel=1e-5)
    assert found.scale_ratio == pytest.approx(expected.scale_ratio, rel=0.03)
    assert [each.near_m for each in found.bins] == [0, 1, 2, 3, 4]
    assert sum(each.share for each in found.bins) == pytest.approx(1)
    squared = sum(each.share * each.rmse_m**2 for each in found.bins)
    assert squared == pytest.approx(found.rmse_m**2)


def test_what_is_older_is_forgotten_and_frames_in_quick_succession_are_passed_over() -> None:
    clock = Clock()
    live = LiveAccuracy(clock)
    wrong, right = frame(), frame()
    live.add(prediction(wrong, factor=2.0), wrong)
    clock.now_s += INTERVAL_S / 2
    live.add(prediction(right, factor=1.0), right)
    found = live.latest()
    assert found is not None
    assert found.scale_ratio > 1.8, "the second came too soon"
    clock.now_s += WINDOW_S
    live.add(prediction(right, factor=1.0), right)
    found = live.latest()
    assert found is not None
    assert found.scale_ratio == pytest.approx(1.0, abs=0.05)
    clock.now_s += WINDOW_S + 1
    assert live.latest() is None


def test_the_history_is_of_single_frames_of_the_last_minute() -> None:
    clock = Clock()
    live = LiveAccuracy(clock)
    for factor in (2.0, 1.0):
        seen = frame()
        live.add(prediction(seen, factor), seen)
        clock.now_s += 10
    first, second = live.history()
    assert (first.ago_s, second.ago_s) == (20, 10)
    assert first.scale_ratio > 1.8
    assert first.rmse_m > second.rmse_m
    assert second.delta1 > 0.9
    assert live.latest() is None
    clock.now_s += HISTORY_S - 15
    assert len(live.history()) == 1


def test_without_a_reading_there_is_no_figure() -> None:
    live, empty = LiveAccuracy(), replace(frame(), depth_m=np.zeros((32, 24), np.float32))
    live.add(prediction(empty), empty)
    assert live.latest() is None


def test_a_prediction_of_another_size_is_compared_on_the_lidars_grid() -> None:
    live, flat = LiveAccuracy(), replace(frame(), depth_m=np.full((32, 24), 2.2, np.float32), confidence=None)
    live.add(prediction(flat, size=(64, 48)), flat)
    found = live.latest()
    assert found is not None
    assert found.scale_ratio == pytest.approx(1.0, abs=0.05)
    assert [each.near_m for each in found.bins] == [2]
