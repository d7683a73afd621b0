"""The Keras pair as one OpenVINO graph: picture in, canonical depth in metres and edges out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import openvino
import tensorflow as tf

from capture.frame import CaptureError
from model.config import OPENVINO_NAMES
from model.networks import pair
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT

TOLERANCE = 1e-3  # relative, of the exported pair against Keras
Model = Any


def inference_graph(gradient: Model, finetune: Model) -> Model:
    """uint8 RGB (n, h, w, 3) -> {"canonical_depth": metres, "edges"}, float32 (n, h, w, 1)."""
    rgb = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    log_depth, edges = pair(gradient, finetune)(keras.ops.cast(rgb, "float32"))
    return keras.Model(rgb, {DEPTH_OUTPUT: keras.ops.exp(log_depth), EDGES_OUTPUT: edges}, name="inference")


def export_openvino(gradient: Model, finetune: Model, folder: Path, size: tuple[int, int]) -> float:
    """Write the OpenVINO pair into `folder`, load it again, compare both orientations of `size` (width, height).

    Returns the largest relative difference from Keras. Raises CaptureError where it is over the tolerance.
    """
    graph = inference_graph(gradient, finetune)
    signature = [tf.TensorSpec((None, None, None, 3), tf.uint8, name="rgb")]
    # From the traced function itself: a third of the time that a saved model on the disk between them would take.
    converted = openvino.convert_model(tf.function(lambda rgb: graph(rgb, training=False), input_signature=signature))
    path = folder / OPENVINO_NAMES[0]
    openvino.save_model(converted, path, compress_to_fp16=False)  # the default would halve the weights
    width, height = size
    difference = max(_difference(graph, path, shape) for shape in ((height, width), (width, height)))
    if not difference <= TOLERANCE:
        raise CaptureError(
            f"The converted networks differ from Keras by {difference:.2g} relative; at most {TOLERANCE} is allowed"
        )
    return difference


def _difference(graph: Model, path: Path, shape: tuple[int, int]) -> float:
    """On a random picture of smooth and rough parts, relative to the value, or to 0.1 where it is smaller."""
    rgb = np.random.default_rng(0).integers(0, 256, (1, *shape, 3), dtype=np.uint8)
    rgb[:, : shape[0] // 2] = rgb[:, :1, :1]
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled({"rgb": rgb})
    expected = {name: np.asarray(wanted) for name, wanted in graph(rgb, training=False).items()}
    return max(
        float(np.max(np.abs(answers[name] - wanted) / np.maximum(np.abs(wanted), 0.1)))
        for name, wanted in expected.items()
    )
