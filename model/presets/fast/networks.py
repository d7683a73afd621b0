"""The two networks of preset `fast`, as Keras models for any picture whose sides are multiples of 32.

    RGB ─► trunk ─┬─► head ─► gradients ─┬──────────────────────┐
                  │   (gradient network) ▼                      ▼
                  └──────────────► 1st join ─► body ─► depth ─► fitted to the gradients     ─► log depth

The trunk is the first part of an ImageNet encoder. It is the first layer of both networks and frozen, so that the pair
runs it once. The gradient network predicts how the log of the depth changes from pixel to pixel, and its confidence;
the finetune network takes RGB and those gradients, joins them after the trunk and once more before its last layer, and
its depth is fitted to them by the screened Poisson equation. Convolutions outside the encoder are dense 3x3: on a CPU
they take less time per multiplication than depthwise ones.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from capture.errors import LidarliveError
from model.presets.base import Pair
from model.presets.fast import encoder
from model.presets.fast.layers import Doubled, ScreenedPoisson

TYPICAL_LOG_DEPTH = 0.7  # log of 2 m: where an untrained network starts
POISSON_STEPS = 8  # each carries an edge one pixel further; on both sides of it that is the width of an outline
GRADIENT_CHANNELS = 5  # magnitude, gx, gy, log wx, log wy
GRADIENT_SCALE = 4.0  # scales gradients of log depth to the features that they join

Tensor = Any  # keras carries no types
Model = Any


def pair_of_networks(pretrained: bool = True) -> Pair:
    """Build new networks. `pretrained` False: the encoder, trunk included, starts from random weights and is trained.

    gradient   RGB 0..255 (n, h, w, 3) -> magnitude, gx, gy, log wx, log wy (n, h/2, w/2, 5): how steep the log of the
               depth is, by how much it grows to the next pixel on the right and below, at half the size, and how
               much that counts
    finetune   RGB and those -> log of canonical depth (n, h, w, 1)
    """
    return _networks(_trunk(pretrained), _head(), _body(pretrained))


def linked(pair: Pair) -> Pair:
    """The same networks around one trunk: loaded networks have one each.

    Raises LidarliveError where they are not of this form.
    """
    try:
        trunk, head = (pair.gradient.get_layer(name) for name in ("trunk", "head"))
        return _networks(trunk, head, pair.finetune.get_layer("body"))
    except ValueError:
        raise LidarliveError(
            "These weights are of an earlier form of the networks, which cannot be trained further. "
            "Train from the starter or with --from-scratch"
        ) from None


def without_gradients(pretrained: bool = True) -> Model:
    """RGB 0..255 (n, h, w, 3) -> log of canonical depth (n, h, w, 1): the baseline of the pair.

    The finetune network alone, with one more residual block of about as many parameters as the gradient network has.
    """
    rgb = keras.Input((None, None, 3), name="rgb")
    _, quarter = _trunk(pretrained)(rgb)
    features = keras.Input((None, None, 24), name="quarter")
    eighth, sixteenth, thirty_second = encoder.late(features, not pretrained)
    x = _residual(_to_eighth(eighth, sixteenth, thirty_second))
    x = _conv(_joined(48, x, features), 48)
    body = keras.Model(features, Doubled(name="log_depth")(_raised(x, TYPICAL_LOG_DEPTH, "start")), name="body")
    if pretrained:
        encoder.load_imagenet(body)
    return keras.Model(rgb, body(quarter), name="without_gradients")


def joint(pair: Pair) -> Model:
    """RGB 0..255 (n, h, w, 3) -> (n, h, w, 6): log of canonical depth, then the gradients, each repeated 2x2.

    `pair` is linked, so that the trunk is run once.
    """
    rgb = keras.Input((None, None, 3), name="rgb")
    log_depth, gradients = _answers(pair, rgb)
    return keras.Model(rgb, layers.Concatenate()([log_depth, layers.UpSampling2D(2)(gradients)]), name="joint")


def depth_and_edges(pair: Pair, rgb: Tensor) -> tuple[Tensor, Tensor]:
    """RGB 0..255 (n, h, w, 3) -> log of canonical depth and edges, both (n, h, w, 1).

    The edges are the magnitude a pixel of the whole size, as `targets.edges` measures it.
    """
    log_depth, gradients = _answers(pair, rgb)
    return log_depth, Doubled()(gradients[..., :1] / 2)


def _answers(pair: Pair, rgb: Tensor) -> tuple[Tensor, Tensor]:
    half, quarter = pair.gradient.get_layer("trunk")(rgb)
    gradients = pair.gradient.get_layer("head")([half, quarter])
    return pair.finetune.get_layer("body")([quarter, gradients]), gradients


def _networks(trunk: Model, head: Model, body: Model) -> Pair:
    rgb = keras.Input((None, None, 3), name="rgb")
    gradients = keras.Input((None, None, GRADIENT_CHANNELS), name="gradients")
    half, quarter = trunk(rgb)
    gradient = keras.Model(rgb, head([half, quarter]), name="gradient")
    finetune = keras.Model([rgb, gradients], body([quarter, gradients]), name="finetune")
    return Pair(gradient, finetune)


def _trunk(pretrained: bool) -> Model:
    rgb = keras.Input((None, None, 3), name="rgb")
    trunk = keras.Model(rgb, encoder.early(rgb, not pretrained), name="trunk")
    if pretrained:
        encoder.load_imagenet(trunk)
        trunk.trainable = False
    return trunk


def _head() -> Model:
    """Of the gradient network: features at 1/2 and 1/4 -> gradients at 1/2. 0.1 M parameters."""
    half, quarter = keras.Input((None, None, 16), name="half"), keras.Input((None, None, 24), name="quarter")
    eighth = _residual(_conv(quarter, 48, strides=2))
    x = _conv(_joined(32, eighth, quarter), 32)
    # Without batch normalisation: it is slow at this size, and the output has an absolute scale.
    raised = layers.Add()([layers.UpSampling2D(2)(layers.Conv2D(16, 1)(x)), layers.Conv2D(16, 1)(half)])
    x = layers.Conv2D(16, 3, padding="same", activation="relu", kernel_initializer="he_normal")(layers.ReLU()(raised))
    few = {"kernel_initializer": _small(), "bias_initializer": _flat()}
    magnitude = layers.Conv2D(1, 3, padding="same", activation="softplus", name="magnitude", **few)(x)
    signed = layers.Conv2D(GRADIENT_CHANNELS - 1, 3, padding="same", kernel_initializer=_small(), name="signed")(x)
    gradients = layers.Concatenate(name="gradients")([magnitude, signed])
    return keras.Model([half, quarter], gradients, name="head")


def _body(pretrained: bool) -> Model:
    """Of the finetune network: features at 1/4 and gradients at 1/2 -> log depth at the whole size. 3.2 M."""
    quarter = keras.Input((None, None, 24), name="quarter")
    gradients = keras.Input((None, None, GRADIENT_CHANNELS), name="gradients")
    scaled = layers.Rescaling(GRADIENT_SCALE)(gradients)
    # Zero at first, so that the next layers get unchanged ImageNet features.
    joined = layers.Add()([quarter, layers.Conv2D(24, 2, strides=2, kernel_initializer="zeros", name="join")(scaled)])
    eighth, sixteenth, thirty_second = encoder.late(joined, not pretrained)
    x = _to_eighth(eighth, sixteenth, thirty_second)
    edges = layers.Conv2D(48, 2, strides=2, use_bias=False)(scaled)
    x = _conv(_joined(48, x, quarter, edges), 48)
    start, log_weight = (_raised(x, bias, name) for bias, name in ((TYPICAL_LOG_DEPTH, "start"), (0.0, "log_weight")))
    drawn = ScreenedPoisson(POISSON_STEPS)([layers.Concatenate()([start, log_weight]), gradients[..., 1:]])
    body = keras.Model([quarter, gradients], Doubled(name="log_depth")(drawn), name="body")
    if pretrained:
        encoder.load_imagenet(body)
    return body


def _to_eighth(eighth: Tensor, sixteenth: Tensor, thirty_second: Tensor) -> Tensor:
    """From coarse to fine: the encoder's features -> (n, h/8, w/8, 64)."""
    x = _whole_picture(_conv(thirty_second, 128, kernel=1))
    x = _conv(_joined(96, x, sixteenth), 96)
    return _conv(_joined(64, x, eighth), 64)


def _conv(x: Tensor, filters: int, kernel: int = 3, strides: int = 1, active: bool = True) -> Tensor:
    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal")(
        x
    )
    x = layers.BatchNormalization(momentum=0.97)(x)  # 0.99 would need more steps than a short retraining has
    return layers.ReLU(max_value=6.0)(x) if active else x


def _residual(x: Tensor) -> Tensor:
    filters = x.shape[-1]
    branch = _conv(_conv(x, filters), filters, active=False)
    return layers.ReLU()(layers.Add()([x, branch]))


def _whole_picture(x: Tensor) -> Tensor:
    """Add features of the whole picture: the scale of a scene shows in no single place of it."""
    mean = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Add()([x, layers.Conv2D(x.shape[-1], 1)(mean)])


def _joined(filters: int, coarse: Tensor, *fine: Tensor) -> Tensor:
    """`coarse` at twice its size plus the `fine` ones, all brought to `filters` channels.

    Enlarged by repetition: Keras 3.15 cannot interpolate a picture of unknown size.
    """
    raised = layers.UpSampling2D(2)(_conv(coarse, filters, kernel=1, active=False))
    return layers.ReLU(max_value=6.0)(
        layers.Add()([raised, *(_conv(x, filters, kernel=1, active=False) for x in fine)])
    )


def _raised(x: Tensor, bias: float, name: str) -> Tensor:
    """One channel at twice the size, near `bias` before training."""
    start = keras.initializers.Constant(bias)
    return layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", kernel_initializer=_small(), bias_initializer=start, name=name
    )(x)


def _flat() -> Any:  # noqa: ANN401 - Keras carries no types
    """The bias at which a softplus gives 0.02: most of a room is no edge."""
    return keras.initializers.Constant(-4.0)


def _small() -> Any:  # noqa: ANN401 - Keras carries no types
    return keras.initializers.RandomNormal(stddev=0.01)
