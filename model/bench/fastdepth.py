"""FastDepth: Wofk, Ma, Yang, Karaman & Sze, "Fast Monocular Depth Estimation on Embedded Systems" (ICRA 2019).

The network before pruning, MobileNet-NNConv5 with a depthwise decoder and additive skips: 3.96 million parameters, 3.93
of them in convolutions, and 0.74 G multiply-accumulates at 224x224. The paper prunes it to 1.34 million and 0.37 G, but
does not state the widths of the layers then, so the pruned form cannot be built from it.

    RGB ──► 1/2 ──► 1/4 ──► 1/8 ──► 1/16 ──► 1/32          MobileNet
             │       │       │                │
    x2 ◄──── + x2 ◄─ + x2 ◄─ + x2 ◄─── x2 ◄───┘            x2: 5x5 depthwise, 1x1, nearest neighbour at twice the size
     └► 1x1 ──► log depth

What differs from the paper: the answer is the log of canonical depth, so that losses and recipe are those of `fast`,
and its last 1x1 has a bias in place of batch normalisation and ReLU. The authors start from ImageNet weights of
MobileNet, for which no package on PyPI was found: `fastdepth()` starts from random ones. `fastdepth(encoder())` is the
same decoder on the pretrained encoder of `fast`, whose skips are brought to the decoder's widths by a 1x1 convolution.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from model.presets.fast.networks import TYPICAL_LOG_DEPTH

Tensor = Any  # keras carries no types
Model = Any

STEM_FILTERS = 32
# Howard et al., "MobileNets" (2017), table 1: filters and strides of the depthwise separable convolutions.
MOBILENET = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
DECODER_FILTERS = (512, 256, 128, 64, 32)
DECODER_KERNEL = 5
RELU6 = 6.0  # in the encoder alone


def mobilenet() -> Model:
    """RGB 0..255 (n, h, w, 3) -> [features at 1/2, 1/4, 1/8, 1/16, 1/32], of 64, 128, 256, 512, 1024 channels."""
    rgb = keras.Input((None, None, 3), name="rgb")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(rgb)
    x = layers.Conv2D(STEM_FILTERS, 3, strides=2, padding="same", use_bias=False)(scaled)
    x, features = _settled(x, RELU6), []
    for filters, strides in MOBILENET:
        if strides == 2:
            features.append(x)
        x = _separable(x, filters, 3, strides, RELU6)
    return keras.Model(rgb, [*features, x], name="mobilenet")


def fastdepth(encoder: Model | None = None) -> Model:
    """RGB 0..255 (n, h, w, 3) -> log of canonical depth (n, h, w, 1); h and w are multiples of 32.

    `encoder` has the outputs of `mobilenet()`, its default, in any number of channels.
    """
    encoder = mobilenet() if encoder is None else encoder
    half, quarter, eighth, _, x = encoder.outputs
    for filters, skip in zip(DECODER_FILTERS, (None, eighth, quarter, half, None), strict=True):
        x = layers.UpSampling2D(2)(_separable(x, filters, DECODER_KERNEL))
        if skip is not None:
            fitting = skip if skip.shape[-1] == filters else layers.Conv2D(filters, 1)(skip)
            x = layers.Add()([x, fitting])
    head = layers.Conv2D(1, 1, bias_initializer=keras.initializers.Constant(TYPICAL_LOG_DEPTH), name="log_depth")
    return keras.Model(encoder.input, head(x), name="fastdepth")


def _separable(x: Tensor, filters: int, kernel: int, strides: int = 1, most: float | None = None) -> Tensor:
    """Depthwise, then 1x1, each with batch normalisation and ReLU (up to `most`)."""
    x = layers.DepthwiseConv2D(kernel, strides=strides, padding="same", use_bias=False)(x)
    x = layers.Conv2D(filters, 1, use_bias=False)(_settled(x, most))
    return _settled(x, most)


def _settled(x: Tensor, most: float | None) -> Tensor:
    return layers.ReLU(max_value=most)(layers.BatchNormalization(momentum=0.97)(x))  # the momentum of `fast`
