"""The count of MACs against what a pencil gives."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.trainer


def network(*layers: Any) -> Any:
    """These layers one after the other, on pictures of 3 channels of any size."""
    import keras

    x = picture = keras.Input((None, None, 3))
    for layer in layers:
        x = layer(x)
    return keras.Model(picture, x)


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        ("Conv2D", {"filters": 5, "kernel_size": 3, "padding": "same"}, 8 * 6 * 5 * (9 * 3)),
        ("Conv2D", {"filters": 5, "kernel_size": 3, "padding": "same", "strides": 2}, 4 * 3 * 5 * (9 * 3)),
        ("Conv2D", {"filters": 5, "kernel_size": (3, 2)}, 6 * 5 * 5 * (6 * 3)),
        ("DepthwiseConv2D", {"kernel_size": 5, "padding": "same"}, 8 * 6 * 3 * 25),
        ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "depth_multiplier": 2}, 8 * 6 * 6 * 9),
        ("SeparableConv2D", {"filters": 7, "kernel_size": 3, "padding": "same"}, 8 * 6 * 3 * 9 + 8 * 6 * 7 * 3),
        ("Conv2DTranspose", {"filters": 5, "kernel_size": 4, "strides": 2, "padding": "same"}, 8 * 6 * 3 * (16 * 5)),
        ("Conv2DTranspose", {"filters": 5, "kernel_size": (3, 2), "padding": "same"}, 8 * 6 * 3 * (6 * 5)),
        ("Dense", {"units": 7}, 8 * 6 * 7 * 3),
        ("BatchNormalization", {}, 0),
        ("UpSampling2D", {"size": 2}, 0),
    ],
)
def test_one_layer_costs_what_a_pencil_says(kind: str, settings: dict[str, Any], expected: int):
    import keras

    from model.bench.macs import macs

    assert macs(network(getattr(keras.layers, kind)(**settings)), height=8, width=6) == expected


def test_what_is_nested_counts_as_often_as_it_is_done():
    import keras

    from model.bench.macs import macs

    layer = keras.layers.Conv2D(3, 3, padding="same")
    inner = network(layer, layer)
    outer = network(inner, keras.layers.AveragePooling2D(2), inner)
    once = 9 * 3 * 3
    assert macs(inner, 8, 8) == 2 * 64 * once
    assert macs(outer, 8, 8) == 2 * 64 * once + 2 * 16 * once


def test_a_model_of_two_inputs_and_bare_operations_is_counted():
    import keras

    from model.bench.macs import macs

    rgb, edges = keras.Input((None, None, 3)), keras.Input((None, None, 1))
    joined = keras.layers.Conv2D(4, 1)(keras.ops.concatenate([rgb, edges], axis=-1))
    kernel = keras.ops.ones((3, 3, 4, 1))
    both = keras.Model([rgb, edges], keras.ops.conv(joined, kernel, padding="same"))
    assert macs(both, 8, 6) == 48 * 4 * 4 + 48 * 9 * 4


def test_what_cannot_be_looked_into_is_not_left_out_in_silence():
    import keras

    from model.bench.macs import macs

    with pytest.raises(ValueError, match="Received: a function in its graph"):
        macs(network(keras.layers.Conv2D(6, 3, groups=3)), 8, 6)
