"""What is known of each preset without Keras: its recipe, sizes, costs, and what its edges mean.

A new preset is an entry here and one in `model/presets/registry.py`, which has its networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEFAULT_PRESET = "fast"


@dataclass(frozen=True)
class Recipe:
    """How the networks of a preset are trained."""

    batch: int
    epochs: int  # at most, of each task
    learning_rate: float  # from scratch
    further_learning_rate: float  # continuing from a version
    schedule: Literal["cosine", "constant"]  # warm-up, then half a cosine; or the same throughout
    ema: float | None  # decay per step of the averaged weights, which are measured and kept; None: no average
    clip_norm: float | None  # of all gradients together: a batch of odd frames must not disturb the weights much
    augment: bool
    patience: int | None  # epochs without a better held-out loss that end a task; None: never
    rehearses: bool  # continuing from a version: half of the frames are the starter's rooms (model/data/rehearsal.py)


@dataclass(frozen=True)
class Memory:
    """Peak memory of a training process."""

    fixed_bytes: int
    bytes_per_pixel: int  # of all pictures of a batch


@dataclass(frozen=True)
class Cost:
    """Seconds of a training at the default input size, on two cores."""

    besides_s: float  # imports, converting, measuring the version
    graphs_s: float  # before the first step, both tasks together
    image_s: tuple[float, float]  # per training image, by task; measuring after the epochs included


@dataclass(frozen=True)
class PresetFacts:
    """Everything about a preset but its networks.

    about          one line for help texts and menus
    size_multiple  width and height of the input must be multiples of it, twice it or more
    disk_bytes     what a training writes at most: the checkpoint twice while it is replaced, or the version beside it
    edges          what the values of its `edges` output mean
    """

    about: str
    recipe: Recipe
    size_multiple: int
    memory: Memory
    cost: Cost
    disk_bytes: int
    edges: str


PRESETS = {
    "fast": PresetFacts(
        about="small networks with a pretrained encoder",
        # Eight epochs of patience: the learning rate falls all the time, so that a loss that rested for fewer often
        # falls again.
        recipe=Recipe(
            batch=8,
            epochs=20,
            learning_rate=2e-3,
            further_learning_rate=3e-4,
            schedule="cosine",
            ema=0.998,
            clip_norm=5.0,
            augment=True,
            patience=8,
            rehearses=True,
        ),
        size_multiple=32,  # the finetune network halves the picture five times
        # TensorFlow 2.21, in batches of 8: 1.55 GB at 192x256, measured. The share of the pictures in it is a guess:
        # less than half.
        memory=Memory(fixed_bytes=900_000_000, bytes_per_pixel=1_700),
        # Two trainings on a desk, 56 and 112 images, of whose frames 90 were held out.
        cost=Cost(besides_s=60.0, graphs_s=22.0, image_s=(0.05, 0.2)),
        disk_bytes=200_000_000,  # 156 MB measured
        edges="by how much the log of the depth changes from pixel to pixel (Sobel magnitude / 8)",
    ),
    "original": PresetFacts(
        about="the networks as first published",
        recipe=Recipe(
            batch=2,
            epochs=30,
            learning_rate=1e-2,
            further_learning_rate=1e-2,
            schedule="constant",
            ema=None,
            clip_norm=None,
            augment=False,
            patience=None,
            rehearses=False,
        ),
        size_multiple=1,
        # In batches of 2: 1.1 GB at 96x128, 1.8 at 192x256, 6.3 at 480x640, 13.2 at 720x960. Half of it is what the
        # activations and normalisations, of 600 channels each, keep in float32 for the backward pass.
        memory=Memory(fixed_bytes=800_000_000, bytes_per_pixel=9_000),
        # Four times its inference time (docs/inference.md): rough.
        cost=Cost(besides_s=60.0, graphs_s=10.0, image_s=(0.8, 1.1)),
        disk_bytes=100_000_000,  # 0.8 million parameters, five times in a checkpoint
        edges="0 to 1, the steepest place of each picture 1",
    ),
}


def facts_of(preset: str | None) -> PresetFacts:
    """The facts of a preset, of the default one where it is None. `preset` must be one of PRESETS."""
    return PRESETS[preset or DEFAULT_PRESET]


def preset_names() -> str:
    """`fast, original`, for messages and help texts."""
    return ", ".join(PRESETS)
