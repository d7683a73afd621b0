"""The two networks of preset `fast`, as Keras models for any picture whose sides are multiples of 32.

    RGB ──► gradient network ──► edges ─┐
     └────────────────────────────────► finetune network ──► log depth

The first draws the Sobel edges of the depth; the second takes RGB and those edges, joined after its first layer and
once more before its last, and gives the depth. Most of the work of both is done at 1/8 of the size and below, with
dense 3x3 convolutions: on a CPU they cost fewer seconds a multiplication than depthwise ones.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

TYPICAL_LOG_DEPTH = 0.7  # log of 2 m: where an untrained network starts

Tensor = Any  # keras carries no types
Model = Any


def gradient_network() -> Model:
    """RGB 0..255 (n, h, w, 3) -> edges (n, h, w, 1) >= 0: Sobel magnitude / 8 of log depth. 0.15 M parameters."""
    rgb = keras.Input((None, None, 3), name="rgb")
    half = _conv(_normalised(rgb), 16, strides=2)
    quarter = _conv(half, 32, strides=2)
    x = _conv(quarter, 48, strides=2)
    for _ in range(3):
        x = _residual(x)
    x = _conv(_join(x, quarter, 32), 24)
    x = _conv(_join(x, half, 16), 16)
    edges = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="softplus", name="edges")(x)
    return keras.Model(rgb, edges, name="gradient")


def finetune_network() -> Model:
    """RGB 0..255 (n, h, w, 3) and edges (n, h, w, 1) -> log of canonical depth (n, h, w, 1). 0.9 M parameters."""
    rgb = keras.Input((None, None, 3), name="rgb")
    edges = keras.Input((None, None, 1), name="edges")
    edges_half = _conv(edges, 8, strides=2)
    half = layers.Concatenate()([_conv(_normalised(rgb), 24, strides=2), edges_half])
    quarter = _residual(_conv(half, 40, strides=2))
    eighth = _residual(_residual(_conv(quarter, 64, strides=2)))
    sixteenth = _residual(_conv(eighth, 112, strides=2))
    x = _whole_picture(_separable_residual(_conv(sixteenth, 144, strides=2)))
    x = _separable_residual(x)
    x = _conv(_join(x, sixteenth, 64), 64)
    x = _conv(_join(x, eighth, 48), 48)
    x = _conv(_join(x, quarter, 32), 32)
    x = _conv(layers.Concatenate()([_join(x, half, 16), edges_half]), 16)
    head = layers.Conv2DTranspose(
        1,
        4,
        strides=2,
        padding="same",
        bias_initializer=keras.initializers.Constant(TYPICAL_LOG_DEPTH),
        name="log_depth",
    )
    return keras.Model([rgb, edges], head(x), name="finetune")


def pair(gradient: Model, finetune: Model) -> Model:
    """RGB 0..255 (n, h, w, 3) -> (log of canonical depth, edges), both (n, h, w, 1)."""
    rgb = keras.Input((None, None, 3), name="rgb")
    edges = gradient(rgb)
    return keras.Model(rgb, [finetune([rgb, edges]), edges], name="pair")


def _normalised(rgb: Tensor) -> Tensor:
    return layers.Rescaling(1 / 127.5, offset=-1.0)(rgb)


def _conv(x: Tensor, filters: int, kernel: int = 3, strides: int = 1, active: bool = True) -> Tensor:
    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
    return _settled(x, active)


def _settled(x: Tensor, active: bool) -> Tensor:
    x = layers.BatchNormalization(momentum=0.97)(x)  # 0.99 would need more steps than a short retraining has
    return layers.ReLU(max_value=6.0)(x) if active else x


def _residual(x: Tensor) -> Tensor:
    filters = x.shape[-1]
    branch = _conv(_conv(x, filters), filters, active=False)
    return layers.ReLU()(layers.Add()([x, branch]))


def _separable_residual(x: Tensor) -> Tensor:
    filters = x.shape[-1]
    branch = x
    for _ in range(2):
        branch = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(branch)
        branch = _settled(branch, active=True)
    return layers.Add()([x, branch])


def _whole_picture(x: Tensor) -> Tensor:
    """Adds what the picture as a whole says: the scale of a scene shows in no single place of it."""
    mean = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Add()([x, layers.Conv2D(x.shape[-1], 1)(mean)])


def _join(coarse: Tensor, fine: Tensor, filters: int) -> Tensor:
    """`coarse` at twice its size plus `fine`, both brought to `filters` channels.

    Raised by repetition: Keras 3.15 cannot interpolate a picture whose size is not known beforehand.
    """
    raised = layers.UpSampling2D(2)(_conv(coarse, filters, kernel=1, active=False))
    return layers.ReLU(max_value=6.0)(layers.Add()([raised, _conv(fine, filters, kernel=1, active=False)]))
