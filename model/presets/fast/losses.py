"""Losses of both networks in keras.ops, so that they run under every backend of Keras.

A target is float32 (n, h, w, 2): value and weight, 0 where there is no reading. Each frame's loss is a mean over its
own pixels, then frames are averaged; a frame without weight is ignored.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any

VARIANCE_FOCUS = 0.85  # of the scale-invariant loss: 1 would ignore the scale of a frame altogether
GRADIENT_SCALES = (1, 2, 4, 8)  # pixels between compared neighbours
GRADIENT_SHARE = 0.5
METRES_SHARE = 0.5
MOST_LOG_DEPTH = 5.0  # 148 m: bounds what an untrained network predicts, against overflow
EDGE_EMPHASIS = 4.0  # most pixels are on no edge; without this the best prediction is nearly 0 everywhere
EDGE_THRESHOLD = 0.1  # of the change of log depth to the next pixel at half the size
EDGE_SCALE = 30.0  # scales squared changes of log depth to the other losses
EPSILON = 1e-6


def depth_loss(target: Tensor, log_depth: Tensor) -> Tensor:
    """Scale-invariant log error (Eigen et al. 2014) + L1 + multi-scale gradient matching (Li & Snavely 2018) + RMSE.

    The first three compare ratios. Alone they predict far surfaces too near: where a surface may be at 4 or 8 metres,
    the log error is smallest at 5.7, the error in metres at 6. So the error in (canonical) metres is added.

    target (n, h, w, 2): log depth, weight. log_depth (n, h, w, 1). A scalar.
    """
    weight = target[..., 1]
    error = (log_depth[..., 0] - target[..., 0]) * ops.cast(weight > 0, "float32")
    mean = _frame_mean(error, weight)
    scale_invariant = ops.sqrt(
        ops.maximum(_frame_mean(error * error, weight) - VARIANCE_FOCUS * mean * mean, 0.0) + EPSILON
    )
    absolute = _frame_mean(ops.abs(error), weight)
    matching = sum(_gradient_matching(error[:, ::s, ::s], weight[:, ::s, ::s]) for s in GRADIENT_SCALES)
    error_m = ops.exp(ops.minimum(log_depth[..., 0], MOST_LOG_DEPTH)) - ops.exp(target[..., 0])
    rmse_m = ops.sqrt(_frame_mean(error_m * error_m, weight) + EPSILON)
    terms = scale_invariant + absolute + GRADIENT_SHARE * matching + METRES_SHARE * rmse_m
    return _mean_of_frames(terms, weight)


def edge_loss(target: Tensor, gradients: Tensor) -> Tensor:
    """Weighted squared error of the magnitude and of both signed gradients; pixels on an edge count for more.

    Squared, because the mean of the possible answers is wanted: where an outline is uncertain by a pixel, the absolute
    error is smallest for no edge at all.

    target (n, h, w, 2): log depth, weight. gradients (n, h/2, w/2, 5): as the gradient network predicts them. A scalar.
    """
    logs, weight = _halved(target)
    right, below = logs[:, :-1, 1:] - logs[:, :-1, :-1], logs[:, 1:, :-1] - logs[:, :-1, :-1]
    magnitude = ops.sqrt(right * right + below * below + EPSILON)
    least = ops.minimum(ops.minimum(weight[:, :-1, 1:], weight[:, 1:, :-1]), weight[:, :-1, :-1])
    counts = least * (1.0 + EDGE_EMPHASIS * ops.cast(magnitude > EDGE_THRESHOLD, "float32"))
    error = gradients[:, :-1, :-1, :3] - ops.stack([magnitude, right, below], axis=-1)
    return EDGE_SCALE * _mean_of_frames(_frame_mean(ops.sum(error * error, axis=-1), counts), weight)


def joint_loss(target: Tensor, answer: Tensor) -> Tensor:
    """Both networks at once: `answer` is that of `networks.joint`, (n, h, w, 6)."""
    return depth_loss(target, answer[..., :1]) + edge_loss(target, answer[:, ::2, ::2, 1:])


def _halved(target: Tensor) -> tuple[Tensor, Tensor]:
    """Log depth and weight at half the size: the mean of each 2x2, which counts where all four do; (n, h/2, w/2)."""
    height, width = ops.shape(target)[1], ops.shape(target)[2]
    blocks = ops.reshape(target, (-1, height // 2, 2, width // 2, 2, 2))
    return ops.mean(blocks[..., 0], axis=(2, 4)), ops.min(blocks[..., 1], axis=(2, 4))


def _gradient_matching(error: Tensor, weight: Tensor) -> Tensor:
    """Mean difference of neighbours' errors, down and across: zero where all gradients are as in the target. (n,)"""
    down = ops.minimum(weight[:, 1:], weight[:, :-1])
    across = ops.minimum(weight[:, :, 1:], weight[:, :, :-1])
    return _frame_mean(ops.abs(error[:, 1:] - error[:, :-1]), down) + _frame_mean(
        ops.abs(error[:, :, 1:] - error[:, :, :-1]), across
    )


def _frame_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over each frame, (n,); 0 where no pixel counts."""
    return ops.sum(values * weight, axis=(1, 2)) / (ops.sum(weight, axis=(1, 2)) + EPSILON)


def _mean_of_frames(values: Tensor, weight: Tensor) -> Tensor:
    counts = ops.cast(ops.sum(weight, axis=(1, 2)) > 0, "float32")
    return ops.sum(values * counts) / ops.maximum(ops.sum(counts), 1.0)
