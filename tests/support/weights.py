"""A weights version made without training: a graph that turns brightness into depth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from model.config import CANONICAL_FOCAL_PX, CONFIG_NAME, INPUT_SIZE, OPENVINO_NAMES, VersionConfig, file_crc32
from model.openvino_runtime import openvino
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT

ops = openvino.opset13


def write_weights(folder: Path, black_m: float = 1.0, **changed: Any) -> Path:
    """A whole version for the predictor: canonical depth = `black_m` + 1 cm a grey level, edges 0.

    `changed` are fields of its configuration.
    """
    folder.mkdir(parents=True)
    rgb = ops.parameter([-1, -1, -1, 3], dtype=np.uint8, name="rgb")
    rgb.output(0).set_names({"rgb"})
    grey = ops.reduce_mean(ops.convert(rgb, "f32"), ops.constant(np.array([3])), keep_dims=True)
    depth = ops.add(ops.multiply(grey, ops.constant(np.float32(0.01))), ops.constant(np.float32(black_m)))
    depth.output(0).set_names({DEPTH_OUTPUT})
    edges = ops.multiply(grey, ops.constant(np.float32(0)))
    edges.output(0).set_names({EDGES_OUTPUT})
    openvino.save_model(openvino.Model([depth, edges], [rgb], "pair"), folder / OPENVINO_NAMES[0], False)
    config = VersionConfig(
        created_utc="2025-01-01T00:00:00Z",
        size=INPUT_SIZE,
        canonical_focal_px=CANONICAL_FOCAL_PX,
        preset="fast",
        parent=None,
        train={},
        data=[],
        software={},
        files={name: file_crc32(folder / name) for name in OPENVINO_NAMES},
    )
    config = replace(config, **changed)
    (folder / CONFIG_NAME).write_text(config.to_json(), encoding="utf-8")
    return folder
