"""The presets: forms of the pair of networks by name, and the networks of a version."""

from __future__ import annotations

from pathlib import Path

import keras

from capture.frame import CaptureError
from model import fast, original
from model.config import FINETUNE_NAME, GRADIENT_NAME
from model.task import Pair, Preset


def open_networks(preset: Preset, parent: Path | None, seed: int) -> Pair:
    """The networks of the version in the folder `parent`, or new ones with weights drawn from `seed`.

    Raises CaptureError where the parent's files cannot be read.
    """
    keras.utils.set_random_seed(seed)
    if parent is None:
        return preset.build()
    try:
        return Pair(*(keras.saving.load_model(parent / n, compile=False) for n in (GRADIENT_NAME, FINETUNE_NAME)))
    except (OSError, ValueError, TypeError) as error:
        cause = str(error).strip().splitlines()[0]
        raise CaptureError(
            f"{parent}: its networks cannot be read ({cause}). Train from scratch or from another version"
        ) from None


PRESETS = {preset.name: preset for preset in (fast.PRESET, original.PRESET)}
