"""Count the multiply-accumulate operations (MACs) of a network for one picture."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

Model = Any  # keras and tensorflow carry no types
Operation = Any


def macs(model: Model, height: int, width: int) -> int:
    """MACs of all convolutions and matrix products of a Keras model for one picture of `height` x `width`.

    They are counted in TensorFlow's graph of a call, so that nested models, layers used twice and plain operations
    all count as often as they are done. Sums, activations, normalisation and resizing are left out, as is usual.

    Raises ValueError where a part is a function of its own in that graph (loops, grouped convolutions): it is not
    counted, and the sum would be too low.
    """
    pictures = [tf.TensorSpec((1, height, width, t.shape[-1]), t.dtype) for t in model.inputs]
    call = tf.function(lambda *given: model(given[0] if len(given) == 1 else list(given), training=False))
    return sum(_macs(operation) for operation in call.get_concrete_function(*pictures).graph.get_operations())


def _macs(operation: Operation) -> int:
    """Each element of the result of a convolution takes as many MACs as one filter has weights."""
    if operation.type in ("Conv2D", "DepthwiseConv2dNative"):
        height, width, channels, _ = operation.inputs[1].shape
        taken = channels if operation.type == "Conv2D" else 1
        return math.prod([*operation.outputs[0].shape, height, width, taken])
    if operation.type == "Conv2DBackpropInput":  # transposed: what the convolution from its result to its input takes
        height, width, channels, _ = operation.inputs[1].shape
        return math.prod([*operation.inputs[2].shape, height, width, channels])
    if operation.type in ("MatMul", "BatchMatMulV2"):
        turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        return math.prod([*operation.outputs[0].shape, operation.inputs[0].shape[-2 if turned else -1]])
    if operation.type.removeprefix("Stateful").removeprefix("Stateless") in ("PartitionedCall", "While", "If"):
        raise ValueError(f"This model's MACs cannot be counted. Received: a function in its graph, {operation.name}")
    return 0
