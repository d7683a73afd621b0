"""The estimator over a stream: known factors, and every motion that must give no evidence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.motion.estimate import MotionState, ScaleEstimate
from model.motion.estimator import ScaleFromMotion
from model.motion.view import MotionView
from tests.support.textured_plane import plane_view

RNG = np.random.default_rng(0)


def estimates(views: Iterable[MotionView]) -> list[ScaleEstimate]:
    session = ScaleFromMotion()
    return [session(view) for view in views]


def walk(steps: int, factor: float = 1.0, step_m: float = 0.02) -> list[MotionView]:
    """Sideways along an arc, turning a little, at ten views a second."""
    return [
        plane_view(0.1 * i, (step_m * i - 0.1, 0.01 * math.sin(i), 0.0), (0.0, -0.01 * i, 0.005 * i), factor)
        for i in range(steps)
    ]


@pytest.mark.parametrize("factor", [0.2, 0.4, 0.75, 1.0, 1.6, 3.0])
def test_the_factor_of_a_moving_camera_is_found(factor: float) -> None:
    last = estimates(walk(10, factor))[-1]
    assert last.state is MotionState.EVIDENCE
    assert last.points > 50
    assert last.scale == pytest.approx(factor, rel=0.04)
    assert abs(last.log_scale - math.log(factor)) < 2 * last.deviation < 0.3


@settings(max_examples=15)
@given(
    st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.5, 0.5)).filter(lambda v: np.hypot(v[0], v[1]) > 0.3),
    st.floats(0.015, 0.03),
    st.floats(-1.2, 1.0),
)
def test_any_motion_gives_the_factor_or_an_honest_deviation(
    direction: tuple[float, float, float], step_m: float, log_factor: float
) -> None:
    way = np.array(direction) / np.linalg.norm(direction) * step_m
    views = [plane_view(0.1 * i, tuple(way * (i - 4)), factor=math.exp(log_factor)) for i in range(9)]
    last = estimates(views)[-1]
    assert abs(last.log_scale - log_factor) < 3 * last.deviation
    assert last.points > 0
    assert last.log_scale == pytest.approx(log_factor, abs=0.12)


def test_the_points_are_at_their_true_distances() -> None:
    views = walk(10, 0.5)
    last = estimates(views)[-1]
    true_m = replace(views[-1], predicted_m=views[-1].predicted_m * 0.5).predicted_at(last.pixels)
    assert len(last.pixels) == len(last.ahead_m) > 50
    assert np.median(np.abs(np.log(last.ahead_m / true_m))) < 0.02


def test_the_local_field_mends_a_slant() -> None:
    session, views = ScaleFromMotion(), walk(10, 0.5)
    across = np.linspace(-0.15, 0.15, 192, dtype=np.float32)
    for view in views:
        true_m = view.predicted_m * 0.5
        wrong_m = view.predicted_m * np.exp(across)
        last = session(replace(view, predicted_m=wrong_m))
    one_factor = np.mean(np.abs(np.log(wrong_m * last.scale / true_m)))
    assert np.mean(np.abs(np.log(last.scaled(wrong_m) / true_m))) < 0.7 * one_factor
    assert last.scaled(wrong_m).dtype == np.float32


def test_without_evidence_the_prediction_is_left_as_it_is() -> None:
    (first,) = estimates(walk(1, 0.3))
    assert first.state is MotionState.NO_PARALLAX
    assert first.points == 0
    assert first.local is None
    assert np.array_equal(first.scaled(np.ones((4, 3), np.float32)), np.ones((4, 3), np.float32))


@pytest.mark.parametrize(
    "views",
    [
        pytest.param([plane_view(0.1 * i, factor=0.4) for i in range(12)], id="standing still"),
        pytest.param([plane_view(0.1 * i, turn=(0.0, 0.02 * i, 0.0), factor=0.4) for i in range(12)], id="turning"),
        pytest.param(
            [plane_view(0.1 * i, (0.02 * i, 0.0, 0.0), factor=0.4, believed_m=(0, 0, 0)) for i in range(12)],
            id="frozen pose",
        ),
        pytest.param(
            [plane_view(0.1 * i, factor=0.4, believed_m=(0.02 * i, 0, 0)) for i in range(12)],
            id="a pose that moves beside a still picture",
        ),
        pytest.param(
            [
                plane_view(0.1 * i, turn=(0, 0.02 * i, 0), factor=0.4, believed_m=tuple(RNG.normal(0, 0.003, 3)))
                for i in range(12)
            ],
            id="turning with poses that tremble",
        ),
    ],
)
def test_motion_that_tells_nothing_changes_nothing(views: list[MotionView]) -> None:
    assert all(estimate.points == 0 and estimate.log_scale == 0 for estimate in estimates(views))


def test_a_view_that_stands_still_after_motion_keeps_the_scale() -> None:
    views = walk(10, 0.5)
    still = [replace(views[-1], seconds=views[-1].seconds + 0.1 * (i + 1)) for i in range(20)]
    last = estimates(views + still)[-1]
    assert last.scale == pytest.approx(0.5, rel=0.04)
    assert last.points > 0


def test_a_jump_of_the_prediction_is_corrected_in_the_same_view() -> None:
    views = walk(14, 0.5)
    jumped = [replace(view, predicted_m=view.predicted_m * 1.5) for view in views[8:]]
    after = estimates(views[:8] + jumped)[8:]
    assert all(estimate.scale == pytest.approx(0.5 / 1.5, rel=0.06) for estimate in after)


def test_a_jump_of_the_pose_keeps_the_scale_and_the_points_return() -> None:
    views = walk(20, 0.5)
    moved = [replace(view, position_m=view.position_m + np.array((3.0, 0.0, -1.0))) for view in views[10:]]
    after = estimates(views[:10] + moved)[10:]
    assert all(estimate.scale == pytest.approx(0.5, rel=0.1) for estimate in after)
    assert after[0].points == 0
    assert after[-1].points > 50


def test_small_jumps_of_the_pose_do_no_harm() -> None:
    """10 cm in a tenth of a second is no impossible motion: only the points show it."""
    views = walk(24, 0.5)
    moved = [replace(view, position_m=view.position_m + np.array((0.0, 0.1, 0.0))) for view in views[10:]]
    after = estimates(views[:10] + moved)[10:]
    assert all(estimate.scale == pytest.approx(0.5, rel=0.15) for estimate in after)
    assert after[-1].points > 50


def test_poses_with_noise_of_a_centimetre_do_no_harm() -> None:
    views = [replace(view, position_m=view.position_m + RNG.normal(0, 0.01, 3)) for view in walk(20, 0.8)]
    assert all(abs(estimate.log_scale - math.log(0.8)) < 0.3 for estimate in estimates(views))


def test_another_size_or_a_long_pause_begins_anew() -> None:
    views = walk(10, 0.5)
    turned = replace(views[-1], gray=np.ascontiguousarray(views[-1].gray.T), seconds=views[-1].seconds + 0.1)
    later = [replace(view, seconds=view.seconds + 60) for view in walk(10, 0.5)]
    answers = estimates([*views, turned, *later])
    assert answers[10].points == 0
    assert answers[11].points == 0
    assert answers[10].deviation > answers[9].deviation
    assert answers[-1].scale == pytest.approx(0.5, rel=0.04)


def test_pictures_without_corners_are_no_error() -> None:
    blank = [replace(view, gray=np.full_like(view.gray, 90)) for view in walk(6, 0.5)]
    answers = estimates(blank + [replace(view, seconds=view.seconds + 0.6) for view in walk(10, 0.5)])
    assert all(estimate.points == 0 for estimate in answers[:6])
    assert answers[-1].scale == pytest.approx(0.5, rel=0.04)


def test_predictions_that_are_no_numbers_agree_with_nothing() -> None:
    views = walk(10, 0.5)
    for view in views:
        view.predicted_m[:40] = np.nan
        view.predicted_m[40:60] = np.inf
    nothing = [
        replace(view, seconds=view.seconds + 1, predicted_m=np.full_like(view.predicted_m, np.nan))
        for view in walk(5, 0.5)
    ]
    answers = estimates([*views, *nothing])
    assert answers[9].scale == pytest.approx(0.5, rel=0.06)
    assert all(math.isfinite(answer.log_scale) and answer.deviation < 2 for answer in answers)
    again = [replace(view, seconds=view.seconds + 2) for view in walk(10, 0.5)]
    assert estimates([*views, *nothing, *again])[-1].scale == pytest.approx(0.5, rel=0.06)
