"""Interface of a preset: a pair of networks, the tasks that train it, and its inference graph.

The trainer (training/fit.py) knows tasks and nothing of the networks inside; the presets are in registry.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from model.config import CANONICAL_FOCAL_PX
from model.data.batches import Batch
from model.data.targets import Float32
from model.preset_facts import Recipe, facts_of
from model.presets import memory

Model = Any  # keras carries no types
Tensor = Any
Variable = Any


@dataclass(frozen=True, eq=False)
class Task:
    """One network to be trained."""

    name: str  # also the name of its stage in events and reports
    model: Model  # RGB 0..255 (n, h, w, 3) -> one answer (n, h, w, c); its trainable variables are trained
    target: Callable[[Batch], Float32]  # first argument of the loss, (n, h, w, any)
    loss: Callable[[Tensor, Tensor], Tensor]  # (target, answer) -> a scalar, in keras.ops
    depth_m: Callable[[Float32, Batch], Float32] | None  # answer -> metres (n, h, w); None: it predicts no depth
    share: float  # of the run's time; those of all tasks of a preset add up to 1
    rate: Callable[[Variable], float] | None = None  # share of the learning rate by variable; None: 1 for all
    measure: Callable[[Tensor, Tensor], Tensor] | None = None  # the loss on held-out frames; None: the same


class Pair(NamedTuple):
    """The two networks that are saved: RGB -> edges, and RGB with those edges -> depth."""

    gradient: Model
    finetune: Model


@dataclass(frozen=True, eq=False)
class Preset:
    """One form of the pair, from new networks to the graph that predicts."""

    name: str
    build: Callable[[], Pair]  # new networks; keras.utils.set_random_seed was called before
    tasks: Callable[[Pair], Iterator[Task]]  # in the order trained; lazily: one may freeze what those before it trained
    graph: Callable[[Pair], Model]  # uint8 RGB (n, h, w, 3) -> {"canonical_depth": metres, "edges"}, both (n, h, w, 1)
    canonical_focal_px: float | None  # None: its depth does not depend on the focal length

    @property
    def recipe(self) -> Recipe:
        return facts_of(self.name).recipe

    def check_memory(self, size: tuple[int, int], batch: int) -> None:
        """Raises LidarliveError where a training on `size` (w, h) does not fit into the memory that is free."""
        memory.check_memory(self.name, size, batch)


def metres(log_canonical: Float32, batch: Batch) -> Float32:
    """Metres (n, h, w) from the log of canonical depth (n, h, w), as in `Batch.depth`."""
    scale = (batch.focal_px / CANONICAL_FOCAL_PX)[:, None, None]
    return np.asarray(np.exp(log_canonical) * scale, dtype=np.float32)
