"""Choose how much of the published training fits into an hour on this computer."""

from __future__ import annotations

import time

import keras
import numpy as np

from model.preset_facts import facts_of
from model.presets.original import rough_network, squared_error

RECIPE = facts_of("original").recipe
HOUR_S = 3600
TRAINING_SHARE = 0.87  # of the hour; the rest is drawing the rooms, preparing graphs and testing
MEASURING = 0.035  # what the validation after an epoch adds: a ninth of the images, at a third of a step's price
VARIANTS = 3  # networks that are trained for the short epochs: one activation, two learning rates
LEAST_SHORT = 3  # epochs before a batch normalisation's averages (momentum 0.99) follow; then answers can be compared


def seconds_per_image(size: tuple[int, int], steps: int = 6) -> float:
    """Seconds per image of (width, height) in a training step of the single network, in batches of 2."""
    network = rough_network()
    network.compile(optimizer=keras.optimizers.Adam(RECIPE.learning_rate), loss=squared_error, jit_compile=False)
    rgb = np.zeros((RECIPE.batch, size[1], size[0], 3), np.uint8)
    times = []
    for _ in range(2 + steps):  # the first two prepare TensorFlow's graph
        start_s = time.monotonic()
        network.train_on_batch(rgb, rgb[..., :1].astype(np.float32))
        times.append(time.monotonic() - start_s)
    return float(np.median(times[2:])) / RECIPE.batch


def short_of(epochs: int) -> int:
    """Epochs of the networks that are only compared with the single one."""
    return min(epochs, max(LEAST_SHORT, epochs // 2))


def training_seconds(epochs: int, images: int, image_s: float) -> float:
    """Seconds of all trainings: the single network twice the epochs, the pair, whose second network runs the first one
    as well (a third of a step), the variants, and an epoch of tanh everywhere.
    """
    in_all = 2 * epochs + epochs + epochs * 4 / 3 + VARIANTS * short_of(epochs) + 1
    return in_all * images * image_s * (1 + MEASURING)


def epochs_within_the_hour(images: int, image_s: float) -> int:
    """As many epochs as fit, 1 to the published 30."""
    epochs = RECIPE.epochs
    while epochs > 1 and training_seconds(epochs, images, image_s) > HOUR_S * TRAINING_SHARE:
        epochs -= 1
    return epochs
