"""The presets by name, with Keras; their facts without it are in model/preset_facts.py."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from capture.errors import LidarliveError
from model.config import FINETUNE_NAME, GRADIENT_NAME
from model.presets import original
from model.presets.base import Model, Pair, Preset
from model.presets.fast import preset as fast


def open_networks(preset: Preset, parent: Path | None, seed: int) -> Pair:
    """Open the networks of the version in the folder `parent`, or build new ones with weights drawn from `seed`.

    The batch normalisation of a version's networks is frozen: a scene or two are no sample of the world (measured:
    docs/model.md).

    Raises LidarliveError where the parent's files cannot be read.
    """
    keras.utils.set_random_seed(seed)
    if parent is None:
        return preset.build()
    try:
        with warnings.catch_warnings():
            # Where Keras does not find a layer's weights it only warns, and the layer keeps random ones.
            warnings.filterwarnings("error", message="(?s).*freshly-initialized weights", category=UserWarning)
            pair = Pair(*(keras.saving.load_model(parent / n, compile=False) for n in (GRADIENT_NAME, FINETUNE_NAME)))
    except (OSError, ValueError, TypeError, KeyError, UserWarning, zipfile.BadZipFile) as error:
        cause = str(error).strip().splitlines()[0]
        raise LidarliveError(
            f"{parent}: its networks cannot be read ({cause}). Train from scratch or from another version"
        ) from None
    for layer in (layer for network in pair for layer in all_layers(network)):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return pair


def all_layers(model: Model) -> Iterator[Any]:
    """All layers, those of nested models included."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)


PRESETS = {preset.name: preset for preset in (fast.PRESET, original.PRESET)}
