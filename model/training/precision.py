"""Measure whether a pair may run in bfloat16, on held-out frames and on any processor.

bfloat16 keeps the range of a float32 and 8 of its 24 bits of precision; processors that have it (AVX-512 BF16, AMX)
need about half the time. Here Keras rounds inputs and outputs of every layer, which needs no such processor.
`VersionConfig.precision` decides by these figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from model.config import BFLOAT16, FLOAT32
from model.data import batches
from model.data.batches import FrameRef, Sampling
from model.predictor import DEPTH_OUTPUT
from model.presets import registry
from model.presets.base import Model, Preset, metres

POLICIES = {FLOAT32: "float32", BFLOAT16: "mixed_bfloat16"}  # as Keras calls them
FRAMES = 64  # evenly spread over the held-out frames: enough for a rounding error
BATCH = 8


def rmse_by_precision(
    preset: Preset, folder: Path, held_out: Sequence[FrameRef], sampling: Sampling
) -> dict[str, float]:
    """RMSE in metres on held-out frames of the version in `folder`, by precision; empty without held-out readings.

    Raises LidarliveError where a frame or the networks cannot be read.
    """
    frames = batches.spread(held_out, FRAMES)
    measured = {}
    for name, policy in POLICIES.items():
        value = _rmse_m(preset, _graph(preset, folder, policy), frames, sampling)
        if math.isfinite(value):
            measured[name] = value
    return measured


def _graph(preset: Preset, folder: Path, policy: str) -> Model:
    pair = registry.open_networks(preset, folder, seed=0)
    for layer in (layer for network in pair for layer in registry.all_layers(network)):
        layer.dtype_policy = keras.DTypePolicy(policy)
    return preset.graph(pair)


def _rmse_m(preset: Preset, graph: Model, frames: Sequence[FrameRef], sampling: Sampling) -> float:
    """RMSE over all readings that count; NaN where there is none."""
    squared, pixels = 0.0, 0
    for batch in batches.load(batches.in_order(frames, BATCH), sampling, None):
        answer = np.asarray(keras.ops.cast(graph(batch.rgb, training=False)[DEPTH_OUTPUT], "float32"))[..., 0]
        canonical = preset.canonical_focal_px
        scale = 1.0 if canonical is None else (batch.focal_px / canonical)[:, None, None]
        errors_m = answer * scale - metres(batch.depth[..., 0], batch)
        counting = errors_m[batch.depth[..., 1] > 0]
        squared, pixels = squared + float(np.sum(counting.astype(np.float64) ** 2)), pixels + counting.size
    return math.sqrt(squared / pixels) if pixels else math.nan
