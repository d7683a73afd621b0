"""The two stages of a training: first the gradient network, then the finetune network on its edges.

Everything here goes through Keras's own `train_on_batch` on NumPy batches. The best epoch by the held-out recordings
is kept in memory; where nothing is held out, the last one is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from capture.frame import CaptureError
from model import pipeline
from model.config import FINETUNE_NAME, GRADIENT_NAME, TrainConfig
from model.losses import depth_loss, edge_loss
from model.networks import finetune_network, gradient_network, pair
from model.pipeline import Batch, Sampling, Split

Model = Any
OnEvent = Callable[[dict[str, Any]], None]

SCRATCH_LEARNING_RATE, FURTHER_LEARNING_RATE = 2e-3, 5e-4
GRADIENT_NORM = 5.0  # a batch of odd frames may not throw the weights about
WARM_UP = 0.05  # share of a stage in which the learning rate rises
LEAST_LEARNING_RATE = 0.01  # share of the highest that is left at the end
HELD_OUT_FRAMES = 200  # looked at after each epoch, evenly spread: more would cost more than they tell
EVENT_INTERVAL_S = 0.25
STAGES = {"gradient": (0.0, 0.25), "finetune": (0.25, 0.95), "converting": (0.95, 1.0)}  # shares of the whole job


@dataclass
class Pace:
    """How far the job is and how fast it goes; turns both into progress events, at most four a second."""

    on_event: OnEvent
    started_s: float
    emitted_s: float = -math.inf
    stage: str = ""

    def progress(
        self,
        stage: str,
        share: float,
        *,
        step: int,
        steps: int,
        epoch: int = 1,
        epochs: int = 1,
        images_per_s: float = 0.0,
        loss: float | None = None,
    ) -> None:
        """`share` is how much of the stage is done, 0..1. The first event of a stage is never left out."""
        now = time.monotonic()
        if stage == self.stage and now - self.emitted_s < EVENT_INTERVAL_S:
            return
        self.emitted_s, self.stage = now, stage
        start, end = STAGES[stage]
        fraction = start + (end - start) * share
        eta_s = round((now - self.started_s) * (1 - fraction) / fraction, 1) if fraction > 0.005 else None
        self.on_event(
            {
                "event": "progress",
                "stage": stage,
                "epoch": epoch,
                "epochs": epochs,
                "step": step,
                "steps": steps,
                "fraction": round(fraction, 4),
                "images_per_s": round(images_per_s, 1),
                "eta_s": eta_s,
                "loss": None if loss is None else round(loss, 5),
            }
        )


@dataclass(frozen=True)
class Outcome:
    """What a stage left: its best epoch and that epoch's losses (held-out ones None where nothing is held out)."""

    epochs: int
    best_epoch: int
    loss: float
    held_out_loss: float | None
    held_out_rmse_m: float | None


def open_networks(parent: Path | None, seed: int) -> tuple[Model, Model]:
    """Gradient and finetune network: the parent's, or new ones with weights drawn from `seed`.

    Raises CaptureError where the parent's files cannot be read.
    """
    keras.utils.set_random_seed(seed)
    if parent is None:
        return gradient_network(), finetune_network()
    try:
        gradient, finetune = (
            keras.saving.load_model(parent / n, compile=False) for n in (GRADIENT_NAME, FINETUNE_NAME)
        )
    except (OSError, ValueError, TypeError) as error:
        cause = str(error).strip().splitlines()[0]
        raise CaptureError(
            f"{parent}: its networks cannot be read ({cause}). Train from scratch or from another version"
        ) from None
    return gradient, finetune


class Stage:
    """Trains one network: `Stage(name, model, ...).run()`. `model` maps RGB to what `target` names in a Batch."""

    def __init__(
        self, name: str, model: Model, config: TrainConfig, split: Split, sampling: Sampling, pace: Pace
    ) -> None:
        self.name, self.model, self.config, self.sampling, self.pace = name, model, config, sampling, pace
        self.target = "edges" if name == "gradient" else "depth"
        self.loss = edge_loss if name == "gradient" else depth_loss
        self.frames = pipeline.frames_of(split.train)
        self.held_out = pipeline.spread(pipeline.frames_of(split.held_out), HELD_OUT_FRAMES)
        self.steps = len(self._plan(0))
        self.started_s = time.monotonic()
        start, end = STAGES[name]
        minutes = config.budget_minutes
        self.budget_s = math.inf if minutes is None else 60 * minutes * (end - start) / STAGES["converting"][0]
        further = FURTHER_LEARNING_RATE if config.continue_from else SCRATCH_LEARNING_RATE
        self.learning_rate = config.learning_rate or further
        optimizer = keras.optimizers.Adam(self.learning_rate, global_clipnorm=GRADIENT_NORM)
        optimizer.build(model.trainable_variables)  # else the first step builds it and is traced twice
        model.compile(optimizer=optimizer, loss=self.loss, jit_compile=False)  # XLA is slow on a CPU

    def run(self) -> Outcome:
        """Train, and leave the best epoch's weights in the model.

        Raises CaptureError where the loss is no number any more or no frame has a reading.
        """
        best: Outcome | None = None
        best_score, best_weights = math.inf, None
        for epoch in range(1, self.config.epochs + 1):
            loss = self._epoch(epoch)
            held_out_loss, rmse_m = self._measure()
            self._check_finite(held_out_loss or 0.0, epoch)
            score = loss if held_out_loss is None else held_out_loss
            better = held_out_loss is None or score < best_score
            if better:
                best = Outcome(epoch, epoch, loss, held_out_loss, rmse_m)
                best_score, best_weights = score, self.model.get_weights()
            measured = {"held_out_loss": held_out_loss, "held_out_rmse_m": rmse_m}
            self.pace.on_event(
                {"event": "epoch", "stage": self.name, "epoch": epoch, "loss": loss, **measured, "best": better}
            )
            if self._share(epoch, 0) >= 1:
                break
        assert best is not None
        self.model.set_weights(best_weights)
        return Outcome(epoch, best.best_epoch, best.loss, best.held_out_loss, best.held_out_rmse_m)

    def _epoch(self, epoch: int) -> float:
        """Train for one epoch, or until the budget is spent; the mean loss over its frames."""
        total, images, started_s = 0.0, 0, time.monotonic()
        batches = pipeline.load(self._plan(epoch), self.sampling, seed=(self.config.seed, self._number, epoch))
        for step, batch in enumerate(batches, start=1):
            share = self._share(epoch - 1, step - 1)
            self.model.optimizer.learning_rate.assign(self.learning_rate * learning_rate_factor(share))
            loss = float(self.model.train_on_batch(batch.rgb, getattr(batch, self.target)))
            self._check_finite(loss, epoch)
            total, images = total + loss * len(batch), images + len(batch)
            self.pace.progress(
                self.name,
                self._share(epoch - 1, step),
                epoch=epoch,
                epochs=self.config.epochs,
                step=step,
                steps=self.steps,
                images_per_s=images / (time.monotonic() - started_s),
                loss=total / images,
            )
            if time.monotonic() - self.started_s > self.budget_s:
                break
        if not images:
            raise CaptureError("No frame has depth with confidence: nothing can be learned from these recordings")
        return total / images

    def _measure(self) -> tuple[float | None, float | None]:
        """Mean loss over the held-out frames and, for depth, RMSE in metres over all readings that count."""
        losses, frames, squared, pixels = 0.0, 0, 0.0, 0
        for batch in pipeline.load(pipeline.in_order(self.held_out, self.config.batch), self.sampling, seed=None):
            predicted = np.asarray(self.model.predict_on_batch(batch.rgb))
            losses += len(batch) * float(self.loss(getattr(batch, self.target), predicted))
            frames += len(batch)
            if self.target == "depth":
                errors = _errors_m(batch, predicted, self.sampling.canonical_focal_px)
                squared, pixels = squared + float(np.sum(errors**2)), pixels + errors.size
        if not frames:
            return None, None
        return losses / frames, math.sqrt(squared / pixels) if pixels else None

    def _check_finite(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise CaptureError(
                f"The {self.name} network's loss became {loss} in epoch {epoch}; nothing was saved. "
                "Try a smaller learning rate, or check the recordings with `lidarlive check`"
            )

    def _plan(self, epoch: int) -> list[list[pipeline.FrameRef]]:
        rng = np.random.default_rng((self.config.seed, self._number, epoch))
        return pipeline.plan_epoch(self.frames, self.config.batch, self.config.epoch_frames, self.config.turned, rng)

    @property
    def _number(self) -> int:
        return list(STAGES).index(self.name)

    def _share(self, epochs: int, steps: int) -> float:
        """How much of the stage is done: by steps, or by time where a budget ends it sooner."""
        by_steps = (epochs + min(1.0, steps / self.steps)) / self.config.epochs
        return min(1.0, max(by_steps, (time.monotonic() - self.started_s) / self.budget_s))


def run_stages(
    gradient: Model, finetune: Model, config: TrainConfig, split: Split, sampling: Sampling, pace: Pace
) -> dict[str, Outcome]:
    """Train both networks in place."""
    gradient.trainable = True
    outcomes = {}
    # The networks themselves are never compiled, so that no optimizer is saved with them.
    trained = keras.Model(gradient.input, gradient.output)
    outcomes["gradient"] = Stage("gradient", trained, config, split, sampling, pace).run()
    gradient.trainable = False  # the finetune network learns from the edges as they will be
    both = pair(gradient, finetune)
    trained = keras.Model(both.input, both.output[0])
    outcomes["finetune"] = Stage("finetune", trained, config, split, sampling, pace).run()
    return outcomes


def learning_rate_factor(share: float) -> float:
    """Warm-up, then half a cosine, by the share of the stage that is done."""
    if share < WARM_UP:
        return (share + 0.01) / (WARM_UP + 0.01)
    wave = 0.5 * (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))
    return LEAST_LEARNING_RATE + (1 - LEAST_LEARNING_RATE) * wave


def _errors_m(batch: Batch, log_depth: NDArray[np.float32], canonical: float) -> NDArray[np.float32]:
    scale = (batch.focal_px / canonical)[:, None, None]
    errors: NDArray[np.float32] = (np.exp(log_depth[..., 0]) - np.exp(batch.depth[..., 0])) * scale
    return errors[batch.depth[..., 1] > 0]
