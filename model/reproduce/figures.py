"""Measure the answers of a network; NumPy, but for Keras's own accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from capture.jpeg import UInt8Image
from model.data.batches import Batch
from model.data.targets import Float32
from model.presets.original import depth_target, edge_target

Answer = Callable[[UInt8Image], Float32]  # RGB (n, h, w, 3) -> (n, h, w, 1)
Figures = dict[str, Any]


def depth_figures(answer: Answer, batches: Iterable[Batch]) -> Figures:
    """Of millimetres: mean squared error over all pixels as published, over all images and of each, mm^2; RMSE over the
    readings, m; shares of pixels that are predicted 0 and that have no reading. None where it is not finite.
    """
    target, answers = _answered(answer, depth_target, batches)
    squared = (answers.astype(np.float64) - target) ** 2
    of_images = squared.mean(axis=(1, 2, 3))
    readings = squared[target > 0]
    return {
        "mse_mm2": _number(of_images.mean()),
        "images_mse_mm2": [_number(value) for value in of_images],
        "rmse_m": _number(np.sqrt(readings.mean()) / 1000) if readings.size else None,
        "zeros": float(np.mean(answers == 0)),
        "unread": float(np.mean(target == 0)),
    }


def accuracy(answer: Answer, batches: Iterable[Batch]) -> Figures:
    """Keras's `compile(metrics=["accuracy"])` for the answers, and for answers without any error.

    Keras takes a network with one output channel for a binary classifier: an answer over 0.5 is right where the target
    is 1, any other where it is 0. `exact` is the share of pixels that are right to the millimetre.
    """
    target, answers = _answered(answer, depth_target, batches)

    def keras_accuracy(given: Float32) -> float:
        return float(keras.ops.mean(keras.metrics.binary_accuracy(target, given)))

    return {
        "keras": keras_accuracy(answers),
        "truth": keras_accuracy(target),
        "exact": float(np.mean(np.rint(answers) == target)),
    }


def edge_figures(answer: Answer, batches: Iterable[Batch]) -> Figures:
    """Mean squared error of predicted edges, of 0..255, and of the best constant grey."""
    target, answers = _answered(answer, edge_target, batches)
    return {"mse": _number(np.mean((answers - target) ** 2)), "mse_of_one_grey": float(target.var())}


def _answered(answer: Answer, target: Callable[[Batch], Float32], batches: Iterable[Batch]) -> tuple[Float32, Float32]:
    pairs = [(target(batch), np.asarray(answer(batch.rgb), dtype=np.float32)) for batch in batches]
    wanted, answers = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    return wanted, answers


def _number(value: np.floating[Any]) -> float | None:
    return float(value) if math.isfinite(value) else None
