"""A preset's Keras graph as an OpenVINO graph: picture in, canonical depth in metres and edges out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from capture.frame import CaptureError
from model.config import OPENVINO_NAMES
from model.runtime import openvino
from model.task import Model

TOLERANCE = 1e-3  # relative, of the exported pair against Keras


def export_openvino(graph: Model, folder: Path, size: tuple[int, int]) -> float:
    """Write the graph of a preset into `folder`, load it again, compare both orientations of `size` (width, height).

    Returns the largest relative difference from Keras. Raises CaptureError where it is over the tolerance.
    """
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
