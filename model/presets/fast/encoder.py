"""Feature extractor of EfficientNet-Lite0: RGB to features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size.

Tan & Le, "EfficientNet" (ICML 2019), in the Lite form of the TensorFlow models repository: no squeeze-and-excitation,
ReLU6. The ImageNet weights in weights/imagenet were converted by `convert_encoder.py`; their batch normalisation
is folded into the convolutions. At the larger sizes the training step of a normalisation costs about as much as that
of its convolution on a CPU, and a short retraining has too few frames to measure new statistics anyway.
Random weights come with batch normalisation, as the published ones were trained.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

Tensor = Any
Model = Any

WEIGHTS = "imagenet/efficientnet_lite0.npz"
STEM_FILTERS = 32
PREFIX = "encoder_"  # of the names of all its layers


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    strides: int
    expansion: int
    filters: int


STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
EARLY_STAGES = 2  # the stages that end at 1/4 of the size
_LAST_OF_SIZE = (0, 1, 2, 4, 6)  # the stages that give 1/2, 1/4, 1/8, 1/16, 1/32


def encoder(pretrained: bool = True) -> Model:
    """RGB 0..255 (n, h, w, 3) -> [features at 1/2, 1/4, 1/8, 1/16, 1/32], of 16, 24, 40, 112, 320 channels."""
    rgb = keras.Input((None, None, 3), name="rgb")
    half, quarter = early(rgb, not pretrained)
    model = keras.Model(rgb, [half, quarter, *late(quarter, not pretrained)], name="encoder")
    if pretrained:
        load_imagenet(model)
    return model


def early(rgb: Tensor, normalised: bool = False) -> list[Tensor]:
    """RGB 0..255 (n, h, w, 3) -> features at 1/2 and 1/4 of the size, 16 and 24 channels."""
    scaled = layers.Rescaling(1 / 128, offset=-127 / 128)(rgb)  # as in the training of the ImageNet weights
    stem = layers.Conv2D(STEM_FILTERS, 3, strides=2, padding="same", use_bias=not normalised, name=f"{PREFIX}stem")
    return _stages(_settled(stem(scaled), normalised, active=True), 0, EARLY_STAGES, normalised)


def late(quarter: Tensor, normalised: bool = False) -> list[Tensor]:
    """Features at 1/4 of the size (n, h/4, w/4, 24) -> those at 1/8, 1/16 and 1/32, 40, 112 and 320 channels."""
    return _stages(quarter, EARLY_STAGES, len(STAGES), normalised)


def load_imagenet(model: Model) -> None:
    """Set the weights of all the encoder's layers in `model`, by name. Raises KeyError where one is missing."""
    file = resources.files("weights").joinpath(WEIGHTS)
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        for layer in model.layers:
            if layer.name.startswith(PREFIX) and layer.weights:
                layer.set_weights([stored[f"{layer.name}/{part}"].astype(np.float32) for part in ("kernel", "bias")])


def _stages(x: Tensor, first: int, end: int, normalised: bool) -> list[Tensor]:
    """The stages from `first` to before `end`; the features of the last one of each size."""
    features = []
    for number in range(first, end):
        stage = STAGES[number]
        for repeat in range(stage.repeats):
            name = f"{PREFIX}{number}_{repeat}"
            x = _inverted_residual(x, stage, stage.strides if repeat == 0 else 1, name, normalised)
        if number in _LAST_OF_SIZE:
            features.append(x)
    return features


def _inverted_residual(x: Tensor, stage: _Stage, strides: int, name: str, normalised: bool) -> Tensor:
    """Expand 1x1, depthwise, project 1x1; added to the input where the shape allows (Sandler et al. 2018)."""
    came, bias = x, not normalised
    if stage.expansion != 1:
        expand = layers.Conv2D(x.shape[-1] * stage.expansion, 1, use_bias=bias, name=f"{name}_expand")
        x = _settled(expand(x), normalised, active=True)
    depthwise = layers.DepthwiseConv2D(
        stage.kernel, strides=strides, padding="same", use_bias=bias, name=f"{name}_depthwise"
    )
    x = _settled(depthwise(x), normalised, active=True)
    project = layers.Conv2D(stage.filters, 1, use_bias=bias, name=f"{name}_project")
    x = _settled(project(x), normalised, active=False)
    return layers.Add()([came, x]) if strides == 1 and came.shape[-1] == stage.filters else x


def _settled(x: Tensor, normalised: bool, active: bool) -> Tensor:
    if normalised:
        x = layers.BatchNormalization(momentum=0.97, epsilon=1e-3)(x)
    return layers.ReLU(max_value=6.0)(x) if active else x
