"""Estimate how long a training will take, before it starts. No Keras here.

    seconds = fixed seconds + images x seconds per image, of either task

with constants measured on one computer (model/preset_facts.py), scaled by what the newest training on this one took.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence

from capture import paths
from capture.errors import LidarliveError
from model.config import INPUT_SIZE, REPORT_NAME, TASKS, TrainConfig, VersionConfig
from model.data import rehearsal
from model.preset_facts import DEFAULT_PRESET, Cost, facts_of
from model.report import Report
from model.training.resolve import resolve

ROOM_S = 4.0  # to render one room to rehearse: once on each computer


def estimate_s(config: TrainConfig, frames: int) -> float:
    """About how many seconds, at most: patience may end it sooner. Cheap: reads a few small files.

    `frames` is what an epoch can draw from: that of `thinning.training_frames`, or, before that is known, of the
    recordings to train on, which is too many where they are long and full of near-duplicates.
    """
    with contextlib.suppress(LidarliveError):  # the trainer and the preflight report it
        config, _ = resolve(config)
    preset, size, recipe = config.preset or DEFAULT_PRESET, config.size or INPUT_SIZE, config.recipe
    rehearses = recipe.rehearses and config.continue_from is not None
    cost, slower = facts_of(preset).cost, _how_much_slower(preset)
    drawn = min(frames, config.epoch_frames) * (2 if rehearses else 1)
    images = recipe.epochs * recipe.batch * math.ceil(drawn / recipe.batch)
    training_s = slower * tasks_s(cost, [images] * len(TASKS), size)
    if config.budget_minutes is not None:
        training_s = min(training_s, 60 * config.budget_minutes)
    return training_s + slower * (cost.besides_s + (rehearsal.missing() * ROOM_S if rehearses else 0.0))


def tasks_s(cost: Cost, images: Sequence[int], size: tuple[int, int]) -> float:
    """Seconds of all tasks, by the facts alone; `images` of `size` (width, height) that each task trains on."""
    pixels = size[0] * size[1] / (INPUT_SIZE[0] * INPUT_SIZE[1])
    return cost.graphs_s + pixels * sum(n * each for n, each in zip(images, cost.image_s, strict=True))


def _how_much_slower(preset: str) -> float:
    """Measured over expected seconds of the preset's newest training on this computer; 1 where there is none."""
    for path in sorted(paths.weights_folder().glob(f"*/{REPORT_NAME}"), reverse=True):
        try:
            version, stages = VersionConfig.read(path.parent), Report.read(path).stages
            took_s = sum(stages[task].seconds for task in TASKS)
            images = [stages[task].images for task in TASKS]
        except (KeyError, LidarliveError):
            continue  # damaged, or written by an older program
        if version.preset == preset:
            return took_s / tasks_s(facts_of(preset).cost, images, version.size)
    return 1.0
