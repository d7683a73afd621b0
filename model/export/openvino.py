"""Convert a preset's Keras graph to the formats of other runtimes, and compare the result with Keras.

The graph maps a picture to canonical depth in metres and edges. Each export is loaded by its runtime and compared in
both orientations.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from capture.errors import LidarliveError
from capture.jpeg import UInt8Image
from model.config import OPENVINO_NAMES
from model.openvino_runtime import CORE, openvino
from model.presets.base import Model

LITERT_NAME = "pair.tflite"
SIGNATURE = "serving_default"
TOLERANCE = 1e-3  # relative, of the exported pair against Keras

Run = Callable[[UInt8Image], Mapping[str, Any]]  # uint8 (1, h, w, 3) -> float32 (1, h, w, 1), by name


def export_openvino(graph: Model, folder: Path, size: tuple[int, int]) -> float:
    """Write the graph of a preset into `folder` and compare both orientations of `size` (width, height).

    Returns the largest relative difference from Keras. Raises LidarliveError where it is over the tolerance.
    """
    signature = [tf.TensorSpec((None, None, None, 3), tf.uint8, name="rgb")]
    # From the traced function: takes a third of the time of a saved model on disk.
    converted = openvino.convert_model(tf.function(lambda rgb: graph(rgb, training=False), input_signature=signature))
    # The default would store the weights in half precision.
    openvino.save_model(converted, folder / OPENVINO_NAMES[0], compress_to_fp16=False)
    return difference(graph, run_openvino(folder), size)


def export_saved_model(graph: Model, folder: Path, size: tuple[int, int]) -> float:
    """Likewise as TensorFlow's SavedModel, which fills the folder. Raises OSError where that cannot be written."""
    module = _module(graph)
    try:
        tf.saved_model.save(module, str(folder), signatures=module.serve)
    except tf.errors.OpError as error:
        # Of a full disk: "{{function_node ...}} path; No space left on device [Op:SaveV2]"
        raise OSError(error.message.rpartition("; ")[2].partition(" [Op:")[0]) from None
    return difference(graph, _run_saved_model(folder), size)


def export_litert(graph: Model, folder: Path, size: tuple[int, int]) -> float:
    """Likewise as one LiteRT file in float32, for both orientations: static sizes are slower on a CPU (measured)."""
    (folder / LITERT_NAME).write_bytes(litert(graph))
    return difference(graph, litert_call(str(folder / LITERT_NAME)), size)


def litert(graph: Model) -> bytes:
    """The content of a LiteRT file, with the signature SIGNATURE."""
    module = _module(graph)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    content: bytes = converter.convert()
    return content


def litert_call(content: str | bytes, threads: int | None = None) -> Run:
    """Load a LiteRT file by its path or its content, as a function."""
    given = {"model_content": content} if isinstance(content, bytes) else {"model_path": content}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about a move to a package of its own
        interpreter = tf.lite.Interpreter(**given, num_threads=threads)
    runner = interpreter.get_signature_runner(SIGNATURE)
    return lambda rgb: runner(rgb=rgb)


def difference(graph: Model, run: Run, size: tuple[int, int]) -> float:
    """The largest difference of the answers of `run` from Keras's in both orientations of `size` (width, height).

    Relative to the value, or to 0.1 where it is smaller. Raises LidarliveError where it is over the tolerance or NaN.
    """
    width, height = size
    # np.max, as Python's max may skip NaN.
    largest = float(np.max([_difference(graph, run, shape) for shape in ((height, width), (width, height))]))
    if not largest <= TOLERANCE:
        raise LidarliveError(
            f"The converted networks differ from Keras by {largest:.2g} relative; at most {TOLERANCE} is allowed"
        )
    return largest


def run_openvino(folder: Path) -> Run:
    """Load the OpenVINO pair in `folder` as a function, in float32 on any processor."""
    graph = CORE.read_model(folder / OPENVINO_NAMES[0])
    compiled = CORE.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda rgb: {output.any_name: answer for output, answer in compiled({"rgb": rgb}).items()}


def _run_saved_model(folder: Path) -> Run:
    loaded = tf.saved_model.load(str(folder))  # held by the function below: the signature alone would lose its weights
    return lambda rgb: loaded.signatures[SIGNATURE](rgb=tf.constant(rgb))


def _module(graph: Model) -> Any:  # noqa: ANN401 - tensorflow carries no types
    """The graph as `serve`, for one picture of any size; and its weights.

    The weights and not the model: with all functions of its layers it takes far longer to save, and TensorFlow Lite
    then silently omits the weights (TensorFlow 2.21).
    """
    module = tf.Module()
    module.weights = [variable.value for variable in graph.variables]
    module.serve = tf.function(
        lambda rgb: graph(rgb, training=False),
        input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8, name="rgb")],
    )
    return module


def _difference(graph: Model, run: Run, shape: tuple[int, int]) -> float:
    """On a random picture of smooth and rough parts, `shape` being (h, w)."""
    rgb = np.random.default_rng(0).integers(0, 256, (1, *shape, 3), dtype=np.uint8)
    rgb[:, : shape[0] // 2] = rgb[:, :1, :1]
    answers, differences = run(rgb), []
    for name, keras_answer in graph(rgb, training=False).items():
        wanted = np.asarray(keras_answer)
        differences.append(np.max(np.abs(np.asarray(answers[name]) - wanted) / np.maximum(np.abs(wanted), 0.1)))
    return float(np.max(differences))
