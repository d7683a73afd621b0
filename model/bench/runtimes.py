"""Load a pair of networks in every runtime, each as a function of a picture, for `lidarlive bench inference`.

All take uint8 (1, h, w, 3), the network's size, and answer canonical depth and edges as NumPy arrays (1, h, w, 1).
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from capture.jpeg import UInt8Image
from model.config import BFLOAT16, FLOAT32, OPENVINO_NAMES, VersionConfig
from model.data.targets import Float32
from model.export import openvino as export
from model.openvino_runtime import CORE, openvino
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.presets import registry
from model.presets.base import Model, Preset

ONNX_OPSET = 17
PRECISIONS = {FLOAT32: "FP32", BFLOAT16: "BF16"}  # by OpenVINO's name for what a processor can do

Answer = tuple[Float32, Float32]
Call = Callable[[UInt8Image], Answer]
Function = Any  # of tensorflow, which carries no types


@dataclass(frozen=True)
class Runtime:
    """A loaded pair: `pair` is the preset of the networks, `call` blocks until it has the result."""

    name: str
    pair: str
    precision: str
    call: Call


def runtimes(folder: Path, threads: int) -> list[Runtime]:
    """The version in `folder` in all runtimes available, and the preset `original` of random weights in OpenVINO.

    `threads` is the limit of each; TensorFlow's must have been set before. ONNX Runtime, and bf16 in OpenVINO, are
    skipped where they are not installed or the processor lacks them.

    Raises LidarliveError where the networks cannot be read.
    """
    config = VersionConfig.read(folder)
    pair, size = config.preset, config.size
    graph = _graph(registry.PRESETS[pair], folder)
    traced, litert = _traced(graph, size), export.litert_call(export.litert(graph), threads)
    # Times the version's own file, which ships, not a new conversion.
    shipped = CORE.read_model(folder / OPENVINO_NAMES[0])
    found = [Runtime("OpenVINO", pair, *each) for each in _by_precision(shipped, size, threads)]
    found.append(Runtime("tf.function", pair, "f32", lambda rgb: _arrays(traced(tf.constant(rgb)))))
    found.append(Runtime("TFLite", pair, "f32", lambda rgb: _arrays(litert(rgb))))
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("tf2onnx"):
        found.append(Runtime("ONNX Runtime", pair, "f32", onnx_call(traced, threads)))
    original = openvino.convert_model(_traced(_graph(registry.PRESETS["original"], None), size))
    found.append(Runtime("OpenVINO", "original", "f32", openvino_call(original, size, threads, "f32")))
    return found


def _by_precision(graph: Any, size: tuple[int, int], threads: int) -> Iterator[tuple[str, Call]]:  # noqa: ANN401
    """Yield each precision that this processor runs, with its call."""
    can = CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    for precision in (name for name, capability in PRECISIONS.items() if capability in can):
        try:
            call = openvino_call(graph, size, threads, precision)
        except RuntimeError:  # the processor has it, but its library may not use it (ONEDNN_MAX_CPU_ISA)
            if precision == FLOAT32:
                raise
        else:
            yield precision, call


def openvino_call(graph: Any, size: tuple[int, int], threads: int, precision: str) -> Call:  # noqa: ANN401
    """As the Predictor runs it."""
    graph.reshape({"rgb": [1, size[1], size[0], 3]})
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
    }
    request = CORE.compile_model(graph, "CPU", options).create_infer_request()

    def call(rgb: UInt8Image) -> Answer:
        request.infer({"rgb": rgb})
        depth, edges = (request.get_tensor(name).data.copy() for name in (DEPTH_OUTPUT, EDGES_OUTPUT))
        return depth, edges

    return call


def onnx_call(traced: Function, threads: int) -> Call:
    import onnxruntime
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    graph, _ = tf2onnx.convert.from_function(traced, traced.input_signature, opset=ONNX_OPSET)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def call(rgb: UInt8Image) -> Answer:
        depth, edges = session.run([DEPTH_OUTPUT, EDGES_OUTPUT], {"rgb": rgb})
        return depth, edges

    return call


def _graph(preset: Preset, folder: Path | None) -> Model:
    return preset.graph(registry.open_networks(preset, folder, seed=0))


def _traced(graph: Model, size: tuple[int, int]) -> Function:
    signature = [tf.TensorSpec((1, size[1], size[0], 3), tf.uint8, name="rgb")]
    return tf.function(lambda rgb: graph(rgb, training=False), input_signature=signature)


def _arrays(answers: Mapping[str, Any]) -> Answer:
    return np.asarray(answers[DEPTH_OUTPUT]), np.asarray(answers[EDGES_OUTPUT])
