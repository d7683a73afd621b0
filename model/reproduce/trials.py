"""The trials of a reproduction, by name: train networks and measure them.

A trial of networks is {"curves": {network: [{"epoch", "loss", "validation"}]}, "tests": {form: {test: figures}},
"ended", "seconds"}. Losses are mean squared errors; a form is the number of epochs after which the network was tested,
or another way to use it. Figures are those of model/reproduce/figures.py.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import cv2
import keras
import numpy as np

from capture.errors import LidarliveError
from capture.jpeg import UInt8Image
from model.config import CANONICAL_FOCAL_PX
from model.data.batches import Batch, FrameRef, Sampling, in_order, load
from model.data.targets import Float32
from model.events import Epoch, Event
from model.preset_facts import facts_of
from model.presets.base import Model, Task
from model.presets.original import PRESET, depth_target, depth_task, rough_network
from model.reproduce.figures import Answer, Figures, accuracy, depth_figures, edge_figures
from model.reproduce.images import RANDOM, SEED, Images
from model.reproduce.results import DIVERGED, MEAN_MAP, NEAREST, ONE_MM, ZEROED, Plan, Trial
from model.training.checkpoint import State
from model.training.fit import Settings, fit

RECIPE = facts_of("original").recipe
MEASURED_AT_ONCE = 10  # images
THUMBNAIL = (12, 16)  # (width, height) of the pictures compared to find the nearest


@dataclass(frozen=True)
class Lab:
    """Data and options that all trials share."""

    images: Images
    plan: Plan
    log: Callable[[str], None]

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.plan.size, CANONICAL_FOCAL_PX)

    def batches(self, frames: Sequence[FrameRef]) -> Iterable[Batch]:
        return load(in_order(frames, MEASURED_AT_ONCE), self.sampling, seed=None)

    def tested(self, answer: Answer, only: str | None = None) -> dict[str, Figures]:
        """The answers' figures in every test, or in one of them."""
        tests = self.images.tests
        return {name: depth_figures(answer, self.batches(tests[name])) for name in tests if only in (None, name)}


@dataclass
class TrialTraining:
    """The training of one network in several steps; one that diverges ends there, which is a result too."""

    lab: Lab
    task: Task
    learning_rate: float = RECIPE.learning_rate
    curve: list[dict[str, float | None]] = field(default_factory=list)
    ended: str = ""
    state: State | None = None

    def until(self, epochs: int) -> bool:
        """Train up to so many epochs. False where there is nothing to test, as the first one diverged."""
        images = self.lab.images
        recipe = replace(RECIPE, epochs=epochs, learning_rate=self.learning_rate)
        settings = Settings(self.lab.sampling, recipe, SEED, epoch_frames=len(images.train))
        kept = deque([self.state], maxlen=1)
        try:
            outcome = fit(
                self.task, images.train, images.validation, settings, self._on_event, keep=kept.append, start=self.state
            )
        except LidarliveError as error:  # every file was read before, so the loss is not finite
            self.lab.log(str(error))
            self.ended = DIVERGED
            return False
        self.ended, self.state = outcome.ended, kept[0]
        return True

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Epoch):
            validation = event.held_out_loss
            self.curve.append({"epoch": event.epoch, "loss": event.loss, "validation": validation})
            losses = f"training {event.loss:,.0f}, validation {validation:,.0f}"
            self.lab.log(f"{self.task.name}, epoch {event.epoch}: {losses}")


def baselines(lab: Lab) -> Trial:
    """Answers without a network: the mean depth map, the depth of the nearest picture, and the most of a tanh."""
    seen = [(_thumbnails(batch.rgb), depth_target(batch)) for batch in lab.batches(lab.images.train)]
    pictures, depths_mm = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    mean_mm = depths_mm.mean(axis=0, keepdims=True)

    def nearest(rgb: UInt8Image) -> Float32:
        differences = np.linalg.norm(_thumbnails(rgb)[:, None] - pictures[None], axis=2)
        return np.asarray(depths_mm[differences.argmin(axis=1)])

    answers: dict[str, Answer] = {
        MEAN_MAP: lambda rgb: np.repeat(mean_mm, len(rgb), axis=0),
        NEAREST: nearest,
        ONE_MM: lambda rgb: np.ones((*rgb.shape[:3], 1), np.float32),
    }
    return {"tests": {name: lab.tested(answer) for name, answer in answers.items()}}


def single(lab: Lab) -> Trial:
    """The published single network, tested early, after as many epochs as the pair and after twice as many."""
    network, short, epochs = _seeded(rough_network), lab.plan.short_epochs, lab.plan.epochs
    trial = _trained(lab, network, {short: RANDOM, epochs: None, 2 * epochs: None})
    return {**trial, "accuracy": accuracy(network.predict_on_batch, lab.batches(lab.images.tests[RANDOM]))}


def variant(lab: Lab, activation: str = "relu", learning_rate: float = RECIPE.learning_rate) -> Trial:
    """The single network with other activations before its last or at another rate, tested where it is first tested."""
    return _trained(lab, _seeded(partial(rough_network, activation)), {lab.plan.short_epochs: RANDOM}, learning_rate)


def tanh(lab: Lab) -> Trial:
    """tanh everywhere, for one epoch: it cannot become better than 1 mm everywhere, which is measured too."""
    return _trained(lab, _seeded(partial(rough_network, "tanh", "tanh")), {1: RANDOM})


def pair(lab: Lab) -> Trial:
    """The published pair, also with edges that are 0 everywhere; and how well its first network draws them."""
    start_s, networks = time.monotonic(), _seeded(PRESET.build)
    runs = []
    for task in PRESET.tasks(networks):
        runs.append(TrialTraining(lab, task))
        if not runs[-1].until(lab.plan.epochs):
            return _trial(runs, start_s)

    def without_edges(rgb: UInt8Image) -> Float32:
        return np.asarray(networks.finetune.predict_on_batch([rgb, np.zeros_like(rgb[..., :1])]))

    tests = {
        str(lab.plan.epochs): lab.tested(runs[-1].task.model.predict_on_batch),
        ZEROED: lab.tested(without_edges, RANDOM),
    }
    drawn = edge_figures(networks.gradient.predict_on_batch, lab.batches(lab.images.tests[RANDOM]))
    return {**_trial(runs, start_s), "tests": tests, "edges": drawn}


TRIALS: dict[str, Callable[[Lab], Trial]] = {
    "baselines": baselines,
    "single": single,
    "pair": pair,
    "tanh": tanh,
    "tanh, ReLU last": partial(variant, activation="tanh"),
    "rate 0.0001": partial(variant, learning_rate=1e-4),
    "rate 0.1": partial(variant, learning_rate=0.1),
}


def _trained(
    lab: Lab, network: Model, tests: dict[int, str | None], learning_rate: float = RECIPE.learning_rate
) -> Trial:
    """The trial of a network that is trained until each of the epochs named, and tested there."""
    start_s, training = time.monotonic(), TrialTraining(lab, depth_task("single", network), learning_rate)
    measured = {}
    for epochs, only in tests.items():
        if training.ended != DIVERGED and training.until(epochs):
            measured[str(epochs)] = lab.tested(network.predict_on_batch, only)
    return {**_trial([training], start_s), "tests": measured}


def _trial(runs: Sequence[TrialTraining], start_s: float) -> Trial:
    return {
        "curves": {run.task.name: run.curve for run in runs},
        "tests": {},
        "ended": runs[-1].ended,
        "seconds": round(time.monotonic() - start_s, 1),
    }


def _seeded(build: Callable[[], Any]) -> Any:  # noqa: ANN401 - keras carries no types
    keras.backend.clear_session()  # releases the networks of the trial before
    keras.utils.set_random_seed(SEED)
    return build()


def _thumbnails(rgb: UInt8Image) -> Float32:
    """(n, any), a row for each picture."""
    small = [cv2.resize(picture, THUMBNAIL, interpolation=cv2.INTER_AREA) for picture in rgb]
    return np.asarray(np.stack(small), dtype=np.float32).reshape(len(rgb), -1)
