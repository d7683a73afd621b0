"""A preset of tiny networks, so that a whole training takes seconds.

As a program, `python -m tests.support.tiny [STAGE EPOCH [SECONDS]]`: model.train that also has preset `tiny` and waits
after each step of that epoch to be ended, 300 s by default.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import pytest
from keras import layers

from model.config import CANONICAL_FOCAL_PX
from model.events import Event, OnEvent, Progress
from model.jobs.worker import answer
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.preset_facts import PRESETS
from model.presets import registry
from model.presets.base import Pair, Preset, Task, metres
from model.train import work
from model.training import progress
from tests.support.tiny_facts import NAME, TINY_FACTS


def _network(inputs: list[Any], dropout: float) -> Any:
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs[0])
    x = layers.Concatenate()([x, *inputs[1:]]) if inputs[1:] else x
    # No bias: normalised away, its gradient is nothing but rounding, which Adam makes steps of.
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.8)(x))
    x = layers.Dropout(dropout)(x)  # random, so that going on must bring back where its numbers were
    return keras.Model(inputs, layers.Conv2DTranspose(1, 4, strides=2, padding="same")(x))


def squared_error(target: Any, answer: Any) -> Any:
    """Weighted mean; target (n, h, w, 2): value and weight."""
    weight = target[..., 1]
    return keras.ops.sum(weight * (answer[..., 0] - target[..., 0]) ** 2) / (keras.ops.sum(weight) + 1e-6)


def build() -> Pair:
    rgb, edges = keras.Input((None, None, 3), name="rgb"), keras.Input((None, None, 1), name="edges")
    return Pair(_network([rgb], 0.0), _network([rgb, edges], 0.1))


def tasks(pair: Pair) -> Iterator[Task]:
    pair.gradient.trainable = True
    yield Task("gradient", pair.gradient, lambda batch: batch.depth, squared_error, None, share=0.25)
    pair.gradient.trainable = False
    rgb = keras.Input((None, None, 3), name="rgb")
    yield Task(
        "finetune",
        keras.Model(rgb, pair.finetune([rgb, pair.gradient(rgb)])),
        target=lambda batch: batch.depth,
        loss=squared_error,
        depth_m=lambda answer, batch: metres(answer[..., 0], batch),
        share=0.75,
    )


def graph(pair: Pair) -> Any:
    rgb = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    seen = keras.ops.cast(rgb, "float32")
    edges = pair.gradient(seen)
    return keras.Model(rgb, {DEPTH_OUTPUT: keras.ops.exp(pair.finetune([seen, edges])), EDGES_OUTPUT: edges})


TINY = Preset(NAME, build, tasks, graph, CANONICAL_FOCAL_PX)


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `tiny` a preset of this process for one test."""
    monkeypatch.setitem(PRESETS, NAME, TINY_FACTS)
    monkeypatch.setitem(registry.PRESETS, NAME, TINY)


def waiting(text: str, on_event: OnEvent, stop_early: Callable[[], bool]) -> None:
    """`work` that sleeps in the stage and epoch of the command line, until it is ended."""
    stage, epoch, seconds = (*sys.argv[1:], *("", "0", "300")[len(sys.argv) - 1 :])

    def report(event: Event) -> None:
        on_event(event)
        if isinstance(event, Progress) and (event.stage, event.epoch) == (stage, int(epoch)):
            time.sleep(float(seconds))

    work(text, report, stop_early)


if __name__ == "__main__":
    PRESETS[NAME], registry.PRESETS[NAME] = TINY_FACTS, TINY
    progress.EVENT_INTERVAL_S = 0.0  # tiny networks are through with an epoch before the next event would be due
    asked = threading.Event()
    sys.exit(answer(partial(waiting, stop_early=asked.is_set), "stopped", asked))
