"""Preset `original`: the pair of networks exactly as first published.

    RGB ──► gradient network ──► edges, each picture stretched to 0..255 ─┐
     └──────────────────────────────────────────────────────────────────► finetune network ──► depth in millimetres

Details that the text leaves open follow from its parameter counts: every convolution has a bias; batch normalisation,
after the activation, follows all but the last; the transposed convolution has 3 rows, 2 columns and, since only the 3x3
ones are called ReLU, no activation; no layer changes the size of the picture, so that any size works.

The published version has no mask. The target of a pixel without a reading, or with one of confidence 0, is 0 as if it
were a depth, and its border is an edge. The last activation is ReLU, so a prediction can be 0: no depth at all. It is
exported unchanged, and model/evaluation/metrics.py counts it as unanswered.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import keras
import numpy as np
from keras import layers, ops

from model.data.batches import Batch
from model.data.targets import Float32
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.presets.base import Model, Pair, Preset, Task, Tensor, metres

FILTERS = (50, 50, 80, 120, 120, 80, 50)  # of the 3x3 convolutions but the last
GREY = 255.0
MOST_MM = 65535  # the most that a 16-bit depth map holds
LEAST_RANGE = 1e-3  # of 255: a flat answer of the gradient network has no edges


def rough_network(activation: str = "relu", last_activation: str = "relu") -> Model:
    """The single network: RGB 0..255 (n, h, w, 3) -> depth (n, h, w, 1), millimetres. 416,701 parameters."""
    return _network("rough", activation, last_activation, takes_edges=False)


def gradient_network() -> Model:
    """RGB 0..255 (n, h, w, 3) -> edges (n, h, w, 1), see `edge_target`. 416,701 parameters."""
    return _network("gradient", "relu", "relu", takes_edges=False)


def finetune_network() -> Model:
    """RGB 0..255 (n, h, w, 3) and edges 0..255 (n, h, w, 1) -> depth (n, h, w, 1), millimetres. 417,151 parameters."""
    return _network("finetune", "relu", "relu", takes_edges=True)


def depth_target(batch: Batch) -> Float32:
    """Whole millimetres 0..65535 (n, h, w, 1), float32; 0 where a pixel has no weight."""
    depth_m = np.where(batch.depth[..., 1] > 0, metres(batch.depth[..., 0], batch), 0.0)
    return np.asarray(np.clip(np.rint(1000 * depth_m), 0, MOST_MM), dtype=np.float32)[..., None]


def edge_target(batch: Batch) -> Float32:
    """Sobel 3x3 magnitude of the depth map as an 8-bit grey image stretched to 0..255, (n, h, w, 1), float32."""
    return np.stack([_grey(_sobel(depth_mm)) for depth_mm in depth_target(batch)[..., 0]])[..., None]


def stretched(edges: Tensor) -> Tensor:
    """Each picture of (n, h, w, 1) rescaled so that its least value is 0 and its greatest 255."""
    least = ops.min(edges, axis=(1, 2, 3), keepdims=True)
    greatest = ops.max(edges, axis=(1, 2, 3), keepdims=True)
    return (edges - least) * (GREY / ops.maximum(greatest - least, LEAST_RANGE))


def squared_error(target: Tensor, answer: Tensor) -> Tensor:
    """Mean squared error over all pixels; of depth in mm^2. A scalar."""
    return ops.mean(ops.square(target - answer))


def depth_task(name: str, network: Model, share: float = 1.0) -> Task:
    """The task of a network that predicts millimetres."""
    return Task(name, network, depth_target, squared_error, _in_metres, share)


def joined(pair: Pair) -> Model:
    """RGB 0..255 (n, h, w, 3) -> (depth in millimetres, edges 0..255), both (n, h, w, 1)."""
    rgb = keras.Input((None, None, 3), name="rgb")
    edges = stretched(pair.gradient(rgb))
    return keras.Model(rgb, [pair.finetune([rgb, edges]), edges], name="pair")


def _network(name: str, activation: str, last_activation: str, takes_edges: bool) -> Model:
    rgb = keras.Input((None, None, 3), name="rgb")
    inputs, x = [rgb], rgb
    for number, filters in enumerate(FILTERS):
        x = layers.Conv2D(filters, 3, padding="same", activation=activation)(x)
        x = layers.BatchNormalization()(x)
        if takes_edges and number == 0:
            inputs.append(keras.Input((None, None, 1), name="edges"))
            x = layers.Concatenate()([x, inputs[1]])
    x = layers.Conv2DTranspose(FILTERS[-1], (3, 2), padding="same")(x)
    x = layers.BatchNormalization()(x)
    answer = layers.Conv2D(1, 3, padding="same", activation=last_activation)(x)
    return keras.Model(inputs if takes_edges else rgb, answer, name=name)


def _in_metres(answer_mm: Float32, batch: Batch) -> Float32:
    return answer_mm[..., 0] / np.float32(1000)


def _sobel(depth_mm: Float32) -> Float32:
    gx, gy = (cv2.Sobel(depth_mm, cv2.CV_32F, dx, 1 - dx, ksize=3) for dx in (1, 0))
    return np.asarray(np.hypot(gx, gy), dtype=np.float32)


def _grey(image: Float32) -> Float32:
    """Whole numbers 0..255, the least of the image 0 and its greatest 255; all 0 where the image is flat."""
    span = max(float(np.ptp(image)), LEAST_RANGE)
    return np.asarray(np.rint((image - image.min()) * (GREY / span)), dtype=np.float32)


def _tasks(pair: Pair) -> Iterator[Task]:
    pair.gradient.trainable = True
    yield Task("gradient", pair.gradient, edge_target, squared_error, depth_m=None, share=0.43)
    pair.gradient.trainable = False  # trained by itself before; the finetune network uses its answers unchanged
    both = joined(pair)
    yield depth_task("finetune", keras.Model(both.input, both.output[0]), share=0.57)


def _graph(pair: Pair) -> Model:
    """Its edges are 0..1, the steepest place of each picture 1: they give the place of an edge, not its height."""
    rgb = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    depth_mm, edges = joined(pair)(ops.cast(rgb, "float32"))
    return keras.Model(rgb, {DEPTH_OUTPUT: depth_mm / 1000, EDGES_OUTPUT: edges / GREY}, name="inference")


PRESET = Preset(
    "original",
    lambda: Pair(gradient_network(), finetune_network()),
    _tasks,
    _graph,
    canonical_focal_px=None,
)
