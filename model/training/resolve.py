"""Fill in the unset fields of a TrainConfig from its parent version. No Keras here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from capture.errors import LidarliveError
from model import store
from model.config import ACTIVE, CANONICAL_FOCAL_PX, INPUT_SIZE, TrainConfig, VersionConfig
from model.preset_facts import DEFAULT_PRESET


def resolve(config: TrainConfig) -> tuple[TrainConfig, Path | None]:
    """The configuration with preset, size and parent version filled in; and the parent's folder.

    Raises LidarliveError where there is no such version, or its networks do not match the options.
    """
    if config.continue_from is None:
        preset, size = config.preset or DEFAULT_PRESET, config.size or INPUT_SIZE
        return replace(config, preset=preset, size=size), None
    parent = store.active() if config.continue_from == ACTIVE else store.find(config.continue_from)
    if parent is None:
        return resolve(replace(config, continue_from=None))
    its = VersionConfig.read(parent)
    if config.preset not in (None, its.preset):
        raise LidarliveError(
            f"{parent.name} is of preset {its.preset}, and {config.preset} cannot continue from it. "
            f"Train from scratch (--from-scratch), or put a version of preset {config.preset} in use first"
        )
    if its.canonical_focal_px not in (None, CANONICAL_FOCAL_PX):
        raise LidarliveError(
            f"{parent} was trained for a canonical focal length of {its.canonical_focal_px} px, and this program for "
            f"{CANONICAL_FOCAL_PX}: it cannot continue from it. Train from scratch (--from-scratch)"
        )
    return replace(config, preset=its.preset, size=config.size or its.size, continue_from=str(parent)), parent
