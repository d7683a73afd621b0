"""The networks that the benchmark compares: how each is built, trained and used.

All but `original`, which is as published, have the recipe and the losses of `fast`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
from keras import ops

from model.bench.fastdepth import fastdepth
from model.config import CANONICAL_FOCAL_PX
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.preset_facts import Recipe, facts_of
from model.presets.base import Model, Pair, Preset, Task, metres
from model.presets.fast.encoder import encoder
from model.presets.fast.losses import depth_loss
from model.presets.fast.networks import pair_of_networks, without_gradients
from model.presets.fast.preset import encoder_slower
from model.presets.registry import PRESETS

Networks = Any  # what a candidate is built of: a Pair, or one Model


@dataclass(frozen=True, eq=False)
class Form:
    """A row of the table: one way to use trained networks."""

    row: str
    about: str
    graph: Callable[[Networks], Model]  # as a Preset's: what is exported and measured


@dataclass(frozen=True, eq=False)
class Candidate:
    """Networks that are trained once for all their forms; the first form is the candidate's own."""

    recipe: Recipe
    build: Callable[[], Networks]  # keras.utils.set_random_seed was called before
    tasks: Callable[[Networks], Iterator[Task]]  # as a Preset's
    forms: tuple[Form, ...]
    canonical_focal_px: float | None = CANONICAL_FOCAL_PX
    check_memory: Callable[[tuple[int, int], int], None] = lambda size, batch: None  # as a Preset's


def _of_preset(preset: Preset, *forms: Form) -> Candidate:
    return Candidate(preset.recipe, preset.build, preset.tasks, forms, preset.canonical_focal_px, preset.check_memory)


def alone(name: str, about: str, build: Callable[[], Model]) -> Candidate:
    """One network, RGB 0..255 -> log of canonical depth, trained as `fast` is."""
    return Candidate(facts_of("fast").recipe, build, depth_task, (Form(name, about, depth_graph),))


def depth_task(network: Model) -> Iterator[Task]:
    yield Task(
        "depth",
        network,
        target=lambda batch: batch.depth,
        loss=depth_loss,
        depth_m=lambda answer, batch: metres(answer[..., 0], batch),
        share=1.0,
        rate=encoder_slower,
    )


def depth_graph(network: Model) -> Model:
    """The inference graph of a network without edges: 0 in their place."""
    rgb = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    depth = ops.exp(network(ops.cast(rgb, "float32")))
    return keras.Model(rgb, {DEPTH_OUTPUT: depth, EDGES_OUTPUT: ops.zeros_like(depth)}, name="inference")


def _edges_zeroed(pair: Pair) -> Model:
    """The inference graph of a pair with the answer of its gradient network set to 0."""
    rgb = keras.Input((None, None, 3), name="rgb")
    return depth_graph(keras.Model(rgb, pair.finetune([rgb, ops.zeros_like(pair.gradient(rgb))]), name="edges_zeroed"))


def _fast_from_random_weights() -> Preset:
    """Its encoder learns at the full rate: it has nothing to preserve."""
    return replace(
        _FAST,
        build=partial(pair_of_networks, pretrained=False),
        tasks=lambda pair: (replace(task, rate=None) for task in _FAST.tasks(pair)),
    )


_FAST, _ORIGINAL = PRESETS["fast"], PRESETS["original"]

CANDIDATES = {
    "original": _of_preset(_ORIGINAL, Form("original", "the pair as first published", _ORIGINAL.graph)),
    "fast": _of_preset(
        _FAST,
        Form("fast", "the pair", _FAST.graph),
        Form(
            "fast-edges-zeroed",
            "the same weights, the gradient network's answer set to 0 at the test",
            _edges_zeroed,
        ),
    ),
    "fast-no-gradient": alone(
        "fast-no-gradient", "the finetune network alone, of as many parameters", without_gradients
    ),
    "fast-random": _of_preset(
        _fast_from_random_weights(), Form("fast-random", "the pair from random weights", _FAST.graph)
    ),
    "fastdepth": alone("fastdepth", "MobileNet encoder, random weights", fastdepth),
    "fastdepth-pretrained": alone(
        "fastdepth-pretrained", "EfficientNet-Lite0 encoder, ImageNet weights", lambda: fastdepth(encoder())
    ),
}
