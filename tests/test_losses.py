"""Both losses: what they count, what they leave out, and that nothing makes them NaN."""

from __future__ import annotations

import numpy as np
import pytest

from model.losses import GRADIENT_SHARE, VARIANCE_FOCUS, depth_loss, edge_loss

RNG = np.random.default_rng(0)


def batch(frames: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A target (value, weight) and an answer, both at random."""
    value = RNG.normal(size=(frames, 16, 24))
    weight = RNG.choice([0.0, 0.5, 1.0], size=value.shape)
    answer = value + RNG.normal(size=value.shape)
    return np.stack([value, weight], axis=-1).astype(np.float32), answer[..., None].astype(np.float32)


@pytest.mark.parametrize("loss", [depth_loss, edge_loss])
def test_a_right_answer_costs_next_to_nothing(loss):
    target, _ = batch()
    assert float(loss(target, target[..., :1])) < 2e-3


@pytest.mark.parametrize("loss", [depth_loss, edge_loss])
def test_pixels_without_weight_do_not_count(loss):
    target, answer = batch()
    cost = float(loss(target, answer))
    unweighted = target[..., 1] == 0
    answer[unweighted] += 100
    target[unweighted, 0] = -50
    assert float(loss(target, answer)) == pytest.approx(cost, rel=1e-5)


@pytest.mark.parametrize("loss", [depth_loss, edge_loss])
def test_a_frame_without_a_reading_changes_neither_the_loss_nor_a_gradient(loss):
    import tensorflow as tf

    target, answer = batch(3)
    empty = np.zeros_like(target[:1])
    wide, wide_answer = np.concatenate([target, empty]), tf.Variable(np.concatenate([answer, answer[:1]]))
    with tf.GradientTape() as tape:
        cost = loss(wide, wide_answer)
    gradient = tape.gradient(cost, wide_answer).numpy()
    assert float(cost) == pytest.approx(float(loss(target, answer)), rel=1e-5)
    assert np.isfinite(gradient).all()
    assert not gradient[3].any()
    assert gradient[:3].any()


@pytest.mark.parametrize("loss", [depth_loss, edge_loss])
def test_a_batch_without_any_reading_costs_nothing(loss):
    import tensorflow as tf

    target, answer = batch()
    target[..., 1] = 0
    variable = tf.Variable(answer)
    with tf.GradientTape() as tape:
        cost = loss(target, variable)
    assert float(cost) == 0
    assert not tape.gradient(cost, variable).numpy().any()


def test_depth_loss_agrees_with_its_formula_written_out():
    target, answer = batch(2)
    expected = []
    for (value, weight), predicted in zip(np.moveaxis(target.astype(np.float64), -1, 1), answer[..., 0], strict=True):
        error = predicted - value
        mean, square = np.average(error, weights=weight), np.average(error**2, weights=weight)
        cost = np.sqrt(square - VARIANCE_FOCUS * mean**2) + np.average(np.abs(error), weights=weight)
        for step in (1, 2, 4, 8):
            e, w = error[::step, ::step], weight[::step, ::step]
            for axis in (0, 1):
                pairs = np.minimum(np.delete(w, 0, axis), np.delete(w, -1, axis))
                cost += GRADIENT_SHARE * np.average(np.abs(np.diff(e, axis=axis)), weights=pairs)
        expected.append(cost)
    assert float(depth_loss(target, answer)) == pytest.approx(np.mean(expected), rel=1e-4)


def test_missing_an_edge_costs_more_than_inventing_one():
    target = np.zeros((1, 8, 8, 2), np.float32)
    target[..., 1] = 1
    target[0, 4, 4, 0] = 0.5
    nothing = np.zeros((1, 8, 8, 1), np.float32)
    invented = target[..., :1].copy()
    invented[0, 1, 1] = 0.5
    assert float(edge_loss(target, nothing)) > 2 * float(edge_loss(target, invented))
