"""How long a training will take, about, before it starts. No Keras here.

    seconds = what it takes however short it is + images x seconds an image, of either task

with constants measured on one computer, times how much longer the newest training on this one took than they say.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from capture import paths
from capture.errors import LidarliveError
from model.config import DEFAULT_PRESET, INPUT_SIZE, REPORT_NAME, TASKS, TrainConfig, VersionConfig
from model.data import rehearsal
from model.training.resolve import resolve


@dataclass(frozen=True)
class Cost:
    """Seconds of a training at INPUT_SIZE, on two cores."""

    besides_s: float  # imports, converting, measuring the version
    graphs_s: float  # what both tasks take before their first step
    image_s: tuple[float, float]  # of either of TASKS, for each image it sees, measuring after the epochs included

    def tasks_s(self, images: Sequence[int], size: tuple[int, int]) -> float:
        """Of both tasks, which see so many images of `size`."""
        pixels = size[0] * size[1] / (INPUT_SIZE[0] * INPUT_SIZE[1])
        return self.graphs_s + pixels * sum(n * each for n, each in zip(images, self.image_s, strict=True))


# Of fast: two trainings on a desk, 56 and 112 images, of whose frames 90 were held out. Of original: four times its
# inference (docs/inference.md). Rough: once there was a training on this computer, that one tells better.
COSTS = {
    "fast": Cost(60.0, 22.0, (0.05, 0.2)),
    "original": Cost(60.0, 10.0, (0.8, 1.1)),
}
ROOM_S = 4.0  # to render one room to rehearse; once on each computer


def estimate_s(config: TrainConfig, frames: int) -> float:
    """Seconds, about and at most, as patience may end it sooner. Cheap: reads a few small files.

    `frames` is what an epoch can draw from: of `thinning.training_frames`, or, where that is not known yet, of the
    recordings to train on, which is too many where they are long and full of near-duplicates.
    """
    with contextlib.suppress(LidarliveError):  # the trainer, and the preflight, say so
        config, _ = resolve(config)
    preset, size, recipe = config.preset or DEFAULT_PRESET, config.size or INPUT_SIZE, config.recipe
    rehearses = recipe.rehearses and config.continue_from is not None
    cost, slower = COSTS[preset], _how_much_slower(preset)
    drawn = min(frames, config.epoch_frames) * (2 if rehearses else 1)
    images = recipe.epochs * recipe.batch * math.ceil(drawn / recipe.batch)
    tasks_s = slower * cost.tasks_s([images] * len(TASKS), size)
    if config.budget_minutes is not None:
        tasks_s = min(tasks_s, 60 * config.budget_minutes)
    return tasks_s + slower * (cost.besides_s + (rehearsal.missing() * ROOM_S if rehearses else 0.0))


def _how_much_slower(preset: str) -> float:
    """The seconds of the newest training of the preset on this computer over those by COSTS; 1 where there is none."""
    for folder in sorted(paths.weights_folder().glob(f"*/{REPORT_NAME}"), reverse=True):
        try:
            version = VersionConfig.read(folder.parent)
            stages = json.loads(folder.read_text(encoding="utf-8"))["stages"]
            took_s = sum(float(stages[task]["seconds"]) for task in TASKS)
            expected_s = COSTS[preset].tasks_s([int(stages[task]["images"]) for task in TASKS], version.size)
        except (OSError, ValueError, KeyError, TypeError, LidarliveError):
            continue  # of another kind, or of older programs
        if version.preset == preset:
            return took_s / expected_s
    return 1.0
