"""Both losses: what they count, what they leave out, and that nothing makes them NaN."""

from __future__ import annotations

import numpy as np
import pytest

from model.presets.fast.losses import (
    EDGE_EMPHASIS,
    EDGE_SCALE,
    EDGE_THRESHOLD,
    GRADIENT_SHARE,
    METRES_SHARE,
    VARIANCE_FOCUS,
    depth_loss,
    edge_loss,
    joint_loss,
)

pytestmark = pytest.mark.trainer

RNG = np.random.default_rng(0)
LOSSES = {"depth": depth_loss, "edges": edge_loss, "joint": joint_loss}


def batch(kind: str, frames: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A target (value, weight) and an answer as the loss of this kind takes it, both at random."""
    value = RNG.normal(size=(frames, 16, 24))
    weight = np.repeat(np.repeat(RNG.choice([0.0, 0.5, 1.0], size=(frames, 8, 12)), 2, axis=1), 2, axis=2)
    depth = value[..., None] + RNG.normal(size=(*value.shape, 1))
    gradients = RNG.normal(size=(frames, 8, 12, 5))
    repeated = np.repeat(np.repeat(gradients, 2, axis=1), 2, axis=2)
    answer = {"depth": depth, "edges": gradients, "joint": np.concatenate([depth, repeated], axis=-1)}[kind]
    return np.stack([value, weight], axis=-1).astype(np.float32), answer.astype(np.float32)


def halved_gradients(target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude, gx, gy (n, 7, 11, 3) at half the size and the least weight of the pixels each is made of."""
    value, weight = target[..., 0].astype(np.float64), target[..., 1]
    rows, columns = [slice(i, None, 2) for i in (0, 1)], [slice(i, None, 2) for i in (0, 1)]
    half = sum(value[:, r, c] for r in rows for c in columns) / 4
    least = np.minimum.reduce([weight[:, r, c] for r in rows for c in columns])
    gx, gy = half[:, :-1, 1:] - half[:, :-1, :-1], half[:, 1:, :-1] - half[:, :-1, :-1]
    counts = np.minimum.reduce([least[:, :-1, :-1], least[:, :-1, 1:], least[:, 1:, :-1]])
    return np.stack([np.hypot(gx, gy), gx, gy], axis=-1), counts


def test_a_right_depth_costs_next_to_nothing():
    target, _ = batch("depth")
    assert float(depth_loss(target, target[..., :1])) < 2e-3


def test_right_gradients_cost_next_to_nothing():
    target, answer = batch("edges")
    answer[:, :-1, :-1, :3] = halved_gradients(target)[0]
    assert float(edge_loss(target, answer)) < 2e-3


@pytest.mark.parametrize("kind", LOSSES)
def test_pixels_without_weight_do_not_count(kind: str):
    loss, (target, answer) = LOSSES[kind], batch(kind)
    cost = float(loss(target, answer))
    unweighted = target[..., 1] == 0
    target[unweighted, 0] = -50
    if kind != "edges":
        answer[unweighted, 0] += 100
    assert float(loss(target, answer)) == pytest.approx(cost, rel=1e-5)


@pytest.mark.parametrize("kind", LOSSES)
def test_a_frame_without_a_reading_changes_neither_the_loss_nor_a_gradient(kind: str):
    import tensorflow as tf

    loss, (target, answer) = LOSSES[kind], batch(kind)
    empty = np.zeros_like(target[:1])
    wide, wide_answer = np.concatenate([target, empty]), tf.Variable(np.concatenate([answer, answer[:1]]))
    with tf.GradientTape() as tape:
        cost = loss(wide, wide_answer)
    gradient = tape.gradient(cost, wide_answer).numpy()
    assert float(cost) == pytest.approx(float(loss(target, answer)), rel=1e-5)
    assert np.isfinite(gradient).all()
    assert not gradient[3].any()
    assert gradient[:3].any()


@pytest.mark.parametrize("kind", LOSSES)
def test_a_batch_without_any_reading_costs_nothing(kind: str):
    import tensorflow as tf

    loss, (target, answer) = LOSSES[kind], batch(kind)
    target[..., 1] = 0
    variable = tf.Variable(answer)
    with tf.GradientTape() as tape:
        cost = loss(target, variable)
    assert float(cost) == 0
    assert not tape.gradient(cost, variable).numpy().any()


def test_depth_loss_agrees_with_its_formula_written_out():
    target, answer = batch("depth", 2)
    expected = []
    for (value, weight), predicted in zip(np.moveaxis(target.astype(np.float64), -1, 1), answer[..., 0], strict=True):
        error = predicted - value
        mean, square = np.average(error, weights=weight), np.average(error**2, weights=weight)
        cost = np.sqrt(square - VARIANCE_FOCUS * mean**2) + np.average(np.abs(error), weights=weight)
        cost += METRES_SHARE * np.sqrt(np.average((np.exp(predicted) - np.exp(value)) ** 2, weights=weight))
        for step in (1, 2, 4, 8):
            e, w = error[::step, ::step], weight[::step, ::step]
            for axis in (0, 1):
                pairs = np.minimum(np.delete(w, 0, axis), np.delete(w, -1, axis))
                if pairs.any():  # of few pixels perhaps none counts
                    cost += GRADIENT_SHARE * np.average(np.abs(np.diff(e, axis=axis)), weights=pairs)
        expected.append(cost)
    assert float(depth_loss(target, answer)) == pytest.approx(np.mean(expected), rel=1e-4)


def test_edge_loss_agrees_with_its_formula_written_out():
    target, answer = batch("edges", 2)
    wanted, counts = halved_gradients(target)
    counts = counts * (1 + EDGE_EMPHASIS * (wanted[..., 0] > EDGE_THRESHOLD))
    squared = ((answer[:, :-1, :-1, :3] - wanted) ** 2).sum(axis=-1)
    expected = EDGE_SCALE * np.mean([np.average(s, weights=c) for s, c in zip(squared, counts, strict=True)])
    assert float(edge_loss(target, answer)) == pytest.approx(expected, rel=1e-4)


def test_the_joint_loss_is_the_sum_of_both():
    target, answer = batch("joint")
    expected = float(depth_loss(target, answer[..., :1])) + float(edge_loss(target, answer[:, ::2, ::2, 1:]))
    assert float(joint_loss(target, answer)) == pytest.approx(expected, rel=1e-5)


def test_missing_an_edge_costs_more_than_inventing_one():
    target = np.zeros((1, 16, 16, 2), np.float32)
    target[..., 1] = 1
    nothing = np.zeros((1, 8, 8, 5), np.float32)
    invented = nothing.copy()
    invented[0, 4, :, 0] = 0.5
    invented[0, 4, :, 2] = 0.5
    smooth = float(edge_loss(target, invented))
    target[:, 10:, :, 0] = 0.5
    assert float(edge_loss(target, nothing)) > 2 * smooth
