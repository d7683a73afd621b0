"""The measures against `plain_metrics`, which is written from the papers; and their values for odd maps."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capture.frame import Frame
from capture.recording import Recording
from model.config import CONFIG_NAME, VersionConfig
from model.evaluation.evaluate import evaluate
from model.evaluation.metrics import RANGES, Metrics, Range, Sums, report
from model.predictor import Predictor
from tests.support.frames import write_recording
from tests.support.plain_metrics import Seen, measure
from tests.support.scenes import scene_frame
from tests.support.weights import write_weights

SIZE = (24, 32)  # of the depth maps below, so that nothing is resized


def plainly(recordings: list[list[Seen]], limits: Range) -> Any:
    return pytest.approx(measure(recordings, limits.least_confidence, limits.near_m, limits.far_m), rel=1e-5)


def frames(count: int = 3, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    result = []
    for _ in range(count):
        depth = rng.uniform(0.3, 4.9, (20, 24)).astype(np.float32)
        for odd in (0, 0.1, 7, 11):  # no reading, too near, too far for `near`, too far for both
            depth[rng.random(depth.shape) < 0.01] = odd
        predicted = (np.where(depth > 0, depth, 1) * rng.uniform(0.6, 1.7, depth.shape)).astype(np.float32)
        result.append((predicted, depth, rng.choice(3, depth.shape, p=(0.02, 0.02, 0.96)).astype(np.uint8)))
    return result


@pytest.mark.parametrize("name", list(RANGES))
def test_one_recording_measured_twice(name: str):
    sums = Sums()
    seen = [Seen(i, *maps) for i, maps in enumerate(frames())]
    masks = [RANGES[name].mask(one.depth, one.confidence) for one in seen]
    for i, one in enumerate(seen):
        sums.add(one.predicted, one.depth, masks[i])
        if i:
            before = seen[i - 1]
            sums.add_change((before.predicted, one.predicted), (before.depth, one.depth), masks[i - 1] & masks[i])
    assert asdict(sums.metrics()) == plainly([seen], RANGES[name])


def chequered(index: int, sure: bool) -> Frame:
    """A scene whose picture is of black and white squares, so that its prediction has edges, in the wrong places."""
    rng = np.random.default_rng(index)
    squares = np.kron(rng.integers(0, 2, (16, 12)), np.full((8, 8), 255)).astype(np.uint8)
    confidence = np.kron(rng.integers(0, 3, (4, 3)), np.ones((8, 8))).astype(np.uint8) if sure else None
    scene = scene_frame(index)
    rgb = np.repeat(squares[..., None], 3, axis=2)
    return replace(scene, image=rgb, depth_m=scene.depth_m[::2, ::2].copy(), confidence=confidence)


@pytest.fixture(scope="module")
def two_recordings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A version of the scenes' size, and two recordings: one has a frame missing, the other knows no confidence."""
    folder = tmp_path_factory.mktemp("measured")
    weights = write_weights(folder / "weights")
    small = replace(VersionConfig.read(weights), size=SIZE)
    (weights / CONFIG_NAME).write_text(small.to_json(), encoding="utf-8")
    write_recording(folder / "data", "gap", [chequered(i, sure=True) for i in (0, 1, 3)])
    write_recording(folder / "data", "plain", [chequered(i, sure=False) for i in (4, 5)])
    return folder / "data", weights


def test_an_evaluation_measured_twice(two_recordings: tuple[Path, Path]):
    data, weights = two_recordings
    measured, predictor = evaluate([data], weights), Predictor(weights)
    seen: dict[str, list[Seen]] = {}
    for path in sorted(data.iterdir()):
        for frame in Recording(path):
            predicted = predictor(frame.rgb, frame.intrinsics).depth_m
            seen.setdefault(path.name, []).append(Seen(frame.index, predicted, frame.depth_m, frame.confidence))
    assert [[one.stream_index for one in each] for each in seen.values()] == [[0, 1, 3], [4, 5]]
    for name, limits in RANGES.items():
        for recording, each in seen.items():
            assert measured.recordings[recording][name] == plainly([each], limits)
        assert measured.all[name] == plainly(list(seen.values()), limits)


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


@pytest.mark.parametrize(("shift", "error"), [(0, 0.0), (1, 0.5), (4, 3.5), (15, 10.0)])
def test_the_boundary_error_is_how_far_edges_are_off(shift: int, error: float):
    """Both responses are two pixels wide, so at a shift of 4 the four distances are 3, 4, 4 and 3."""
    sums, truth = Sums(), step_at(10)
    sums.add(step_at(10 + shift), truth, truth > 0)
    assert sums.metrics().boundary_error_px == pytest.approx(error)


def test_a_map_without_edges_is_as_far_off_as_can_be():
    flat = np.full((20, 30), 2.0, np.float32)
    for predicted, truth in ((flat, step_at(10)), (step_at(10), flat)):
        sums = Sums()
        sums.add(predicted, truth, truth > 0)
        assert sums.metrics().boundary_error_px == 10
    neither = Sums()
    neither.add(flat, flat, flat > 0)
    assert math.isnan(neither.metrics().boundary_error_px)


@pytest.mark.parametrize("silent", [0.0, -1.0, 5e-4, math.nan, math.inf, -math.inf])
def test_a_pixel_without_an_answer_counts_as_a_millimetre(silent: float):
    depth = np.full((20, 30), 2.0, np.float32)
    predicted = depth.copy()
    predicted[:, :15] = silent
    taken = predicted.copy()
    taken[:, :15] = 1e-3
    measured, expected = silent_metrics(predicted, depth), silent_metrics(taken, depth)
    assert replace(measured, unanswered=0) == expected
    assert (measured.unanswered, expected.unanswered) == (0.5, 0.0)
    assert measured.rmse_m == pytest.approx(1.999 / math.sqrt(2), rel=1e-5)
    assert measured.edge_precision == 0  # the step that silence makes is an edge like any other
    assert math.isfinite(measured.flicker)


def silent_metrics(predicted: np.ndarray, depth: np.ndarray) -> Metrics:
    sums = Sums()
    sums.add(predicted, depth, depth > 0)
    sums.add_change((predicted, depth), (depth, depth * np.float32(1.1)), depth > 0)
    return sums.metrics()


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
