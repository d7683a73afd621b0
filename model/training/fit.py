"""The one training loop, for any task of any preset: `fit(task, frames, held_out, settings) -> Outcome`.

    frames ─► plan_epoch ─► load ─► train_on_batch ─► average of the weights
                                                             │ after each epoch
                              best weights ◄── loss on the held-out frames

Keras's own `train_on_batch` on NumPy batches, so that it runs under every backend of Keras. What is measured and kept
is an exponential moving average of the weights, with the statistics of batch normalisation, if the recipe has one
(Polyak & Juditsky 1992; the decay warms up as in TensorFlow's ExponentialMovingAverage).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from zlib import crc32

import keras
import numpy as np

from capture.errors import LidarliveError
from capture.storage import json_codec
from model.data import batches
from model.data.batches import FrameRef, Sampling
from model.events import Epoch, OnEvent, Preview, Progress
from model.preset_facts import Recipe
from model.presets.base import Task, Variable, metres
from model.report import Outcome
from model.training.checkpoint import Arrays, State
from model.training.optimizer import Adam, learning_rate_factor
from model.training.preview import preview

AVERAGED_STEPS = 4  # the average takes every fourth step's weights: the same average in a quarter of the time


@dataclass(frozen=True)
class Settings:
    """How a task is trained; the same settings, seed and frames give the same weights where no budget ends it."""

    sampling: Sampling
    recipe: Recipe
    seed: int = 0
    epoch_frames: int = 400  # an epoch draws at most so many
    turned: float = 0.0  # share of the batches cut to the other orientation
    budget_s: float = math.inf  # by fit's clock, measuring on held-out frames included
    rehearsed: tuple[FrameRef, ...] = ()  # half of the frames of an epoch, against forgetting; empty: none
    preview: FrameRef | None = None  # the frame whose prediction each Epoch event carries


def fit(
    task: Task,
    frames: Sequence[FrameRef],
    held_out: Sequence[FrameRef],
    settings: Settings,
    on_event: OnEvent = lambda event: None,
    clock: Callable[[], float] = time.monotonic,
    keep: Callable[[State], None] | None = None,
    start: State | None = None,
    stop_early: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train the task's model in place; leave the weights of its best epoch, of the last where nothing is held out.

    `clock` counts the budget's seconds: `time.process_time` for processor seconds. `keep` receives the whole state
    after each epoch, and `start` is such a state to resume from. Once `stop_early` returns True, the task ends after
    the current step, but not before it has trained and measured one whole epoch. Events: a Progress after each step,
    its `fraction` of this task, and an Epoch after each epoch.

    A loss that is not finite ends the task with the best epoch so far. Raises LidarliveError where there is none yet,
    or where no frame has a reading.
    """
    return _Fit(task, frames, held_out, settings, on_event, clock, stop_early).run(keep, start)


class _Fit:
    """One run of `fit`. `epoch`, `steps`, `images`, `best` and the arrays are all that a State must restore."""

    def __init__(
        self,
        task: Task,
        frames: Sequence[FrameRef],
        held_out: Sequence[FrameRef],
        settings: Settings,
        on_event: OnEvent,
        clock: Callable[[], float],
        stop_early: Callable[[], bool],
    ) -> None:
        self.task, self.frames, self.held_out, self.settings = task, frames, held_out, settings
        self.recipe, self.on_event, self.clock, self.stop_early = settings.recipe, on_event, clock, stop_early
        self.started_s = clock()
        self.cache = batches.Cache()
        # A model around it, so that the task's own is saved without an optimizer.
        self.model = keras.Model(task.model.input, task.model.output, name=task.name)
        optimizer = Adam(task.rate, self.recipe)
        optimizer.build(self.model.trainable_variables)  # else the first step would build it and be traced twice
        # XLA is slow on a CPU, and JAX without it slower.
        self.model.compile(optimizer=optimizer, loss=task.loss, jit_compile=keras.backend.backend() == "jax")
        self.average: Arrays = [] if self.recipe.ema is None else self.model.get_weights()
        self.epoch = self.steps = self.images = 0
        self.best: Outcome | None = None
        self.best_weights: Arrays = []
        self.epoch_steps = len(self._plan(0))
        self.diverged = False

    def run(self, keep: Callable[[State], None] | None, start: State | None) -> Outcome:
        if start is not None:
            self._restore(start)
        while not (ended := self._ended()):
            self._train_epoch()
            if keep is not None and not self.diverged:
                keep(self._state())
        assert self.best is not None
        self.model.set_weights(self.best_weights)
        counts = {"epochs": self.epoch, "steps": self.steps, "images": self.images}
        return replace(self.best, **counts, seconds=round(self._seconds(), 1), ended=ended)

    def _ended(self) -> str:
        """Why the run ends now; empty where it continues."""
        if self.diverged:
            return "diverged"
        if self.best is None:
            return ""
        if self.epoch >= self.recipe.epochs:
            return "epochs"
        if self._seconds() >= self.settings.budget_s:
            return "budget"
        if self.stop_early():
            return "asked"
        patience = self.recipe.patience
        return "patience" if patience is not None and self.epoch - self.best.best_epoch >= patience else ""

    def _train_epoch(self) -> None:
        """Train for one epoch, measure it, and keep it where it is the best."""
        self.epoch += 1
        loss = self._steps_of_epoch()
        trained = self.model.get_weights()
        if self.recipe.ema is not None:
            self.model.set_weights(self.average)
        held_out_loss, rmse_m = self._measure()
        if not math.isfinite(loss + (held_out_loss or 0.0)):
            self._diverge()
            return
        better = self.best is None or held_out_loss is None or held_out_loss < (self.best.held_out_loss or 0.0)
        if better:
            self.best = Outcome(self.epoch, self.epoch, 0, 0, 0.0, "", loss, held_out_loss, rmse_m)
            self.best_weights = self.model.get_weights()
        epoch = Epoch(self.task.name, self.epoch, loss, held_out_loss, rmse_m, better, self._preview())
        self.model.set_weights(trained)
        self.on_event(epoch)

    def _steps_of_epoch(self) -> float:
        """Train the steps of one epoch, until the budget or a request ends it; returns its mean loss."""
        total, images, started_s = 0.0, 0, self.clock()
        seed = self._seed() if self.recipe.augment else None
        planned = batches.load(self._plan(self.epoch), self.settings.sampling, seed, self.cache)
        for step, batch in enumerate(planned, start=1):
            rate = self.recipe.learning_rate * learning_rate_factor(self.recipe.schedule, self._share(step - 1))
            self.model.optimizer.learning_rate.assign(rate)
            loss = float(self.model.train_on_batch(batch.rgb, self.task.target(batch)))
            if not math.isfinite(loss):
                return loss
            self.steps, self.images = self.steps + 1, self.images + len(batch)
            total, images = total + loss * len(batch), images + len(batch)
            self._take_into_average()
            self._report_progress(step, images / max(self.clock() - started_s, 1e-9), total / images)
            if self._seconds() > self.settings.budget_s or (self.best is not None and self.stop_early()):
                break
        if not images:
            raise LidarliveError("No frame has depth with confidence: nothing can be learned from these recordings")
        return total / images

    def _take_into_average(self) -> None:
        if self.recipe.ema is None or self.steps % AVERAGED_STEPS:
            return
        taken = self.steps // AVERAGED_STEPS
        decay = min(self.recipe.ema**AVERAGED_STEPS, (1 + taken) / (10 + taken))
        for mean, weight in zip(self.average, self.model.get_weights(), strict=True):
            mean += (1 - decay) * (weight - mean)

    def _measure(self) -> tuple[float | None, float | None]:
        """Mean loss over the held-out frames and, for depth, RMSE in metres over all readings that count."""
        losses, frames, squared, pixels = 0.0, 0, 0.0, 0
        measure = self.task.measure or self.task.loss
        planned = batches.in_order(self.held_out, self.recipe.batch)
        for batch in batches.load(planned, self.settings.sampling, None, self.cache):
            answer = np.asarray(self.model.predict_on_batch(batch.rgb))
            losses += len(batch) * float(measure(self.task.target(batch), answer))
            frames += len(batch)
            if self.task.depth_m is not None:
                errors_m = self.task.depth_m(answer, batch) - metres(batch.depth[..., 0], batch)
                counting = errors_m[batch.depth[..., 1] > 0]
                squared, pixels = squared + float(np.sum(counting**2)), pixels + counting.size
        if not frames:
            return None, None
        return losses / frames, math.sqrt(squared / pixels) if pixels else None

    def _preview(self) -> Preview | None:
        ref = self.settings.preview
        if ref is None or self.task.depth_m is None:
            return None
        frame = batches.load_sample(ref, self.settings.sampling, cache=self.cache)
        # Called directly: `predict_on_batch` would take seconds to prepare a graph for this one picture.
        answer = np.asarray(self.model(frame.rgb, training=False))
        return preview(ref, self.task.depth_m(answer, frame)[0])

    def _diverge(self) -> None:
        if self.best is None:
            raise LidarliveError(
                f"The loss of the {self.task.name} network is not finite in epoch {self.epoch}; nothing was saved. "
                "Try a smaller learning rate, or check the recordings with `lidarlive check`"
            )
        self.diverged = True

    def _report_progress(self, step: int, images_per_s: float, loss: float) -> None:
        share = self._share(step)
        epochs_done = self.epoch - 1 + step / self.epoch_steps
        self.on_event(
            Progress(
                stage=self.task.name,
                fraction=round(share, 4),
                epoch=self.epoch,
                epochs=min(self.recipe.epochs, max(self.epoch, round(epochs_done / share))),
                step=step,
                steps=self.epoch_steps,
                images_per_s=round(images_per_s, 1),
                loss=round(loss, 5),
            )
        )

    def _share(self, step: int) -> float:
        """How much of the task is done before step `step` of this epoch, counted from 0: by steps or by time."""
        by_steps = (self.epoch - 1 + min(1.0, step / self.epoch_steps)) / self.recipe.epochs
        return min(1.0, max(by_steps, self._seconds() / self.settings.budget_s))

    def _seconds(self) -> float:
        return self.clock() - self.started_s

    def _seed(self) -> tuple[int, int, int]:
        return self.settings.seed, crc32(self.task.name.encode()), self.epoch

    def _plan(self, epoch: int) -> list[list[FrameRef]]:
        rng = np.random.default_rng((*self._seed()[:2], epoch))
        settings = self.settings
        return batches.plan_epoch(
            self.frames, self.recipe.batch, settings.epoch_frames, settings.turned, rng, settings.rehearsed
        )

    def _state(self) -> State:
        counts = {"epoch": self.epoch, "steps": self.steps, "images": self.images, "seconds": self._seconds()}
        return State(
            {**counts, "best": None if self.best is None else asdict(self.best)},
            {
                "variables": _values(self.model.variables),
                "optimizer": _values(self.model.optimizer.variables),
                "average": self.average,
                "best": self.best_weights,
            },
        )

    def _restore(self, state: State) -> None:
        facts, arrays = state.facts, state.arrays
        self.epoch, self.steps, self.images = facts["epoch"], facts["steps"], facts["images"]
        self.started_s -= facts["seconds"]
        self.best, self.best_weights = json_codec.from_document(Outcome, facts["best"]), arrays["best"]
        self.average = arrays.get("average", [])
        variables = [*self.model.variables, *self.model.optimizer.variables]
        values = arrays["variables"] + arrays["optimizer"]
        if [variable.shape for variable in variables] != [value.shape for value in values]:
            raise LidarliveError(
                "The networks have changed since the interrupted training. Train again without --resume"
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _values(variables: Sequence[Variable]) -> Arrays:
    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in variables]
