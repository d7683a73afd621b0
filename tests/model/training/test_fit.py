"""The training loop on real recordings and tiny networks: what it learns, keeps, averages, and what ends it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from capture.errors import LidarliveError
from model.data.batches import FrameRef, Sampling, frames_of, in_order, load
from model.data.split import open_recordings
from model.events import Event, Progress
from model.preset_facts import facts_of
from model.presets.base import Task, metres
from model.report import Outcome
from model.training.checkpoint import State
from model.training.fit import AVERAGED_STEPS, Settings, fit
from tests.support.events import into
from tests.support.scenes import scene_recording
from tests.support.tasks import diverging
from tests.support.tiny import build, tasks

pytestmark = pytest.mark.trainer

SAMPLING = Sampling((64, 96), 200.0, zoom=1.1)
RECIPE = replace(facts_of("fast").recipe, batch=4, epochs=3, learning_rate=1e-2)
SETTINGS = Settings(SAMPLING, RECIPE, seed=5, epoch_frames=16)

Frames = tuple[list[FrameRef], list[FrameRef]]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """Those of one recording to train on and those of another that is held out."""
    folder = tmp_path_factory.mktemp("dataset")
    first, last = scene_recording(folder, "first", 16, seed=1), scene_recording(folder, "last", 6, seed=2)
    return frames_of(open_recordings([first])), frames_of(open_recordings([last]))


def edges_task(**changed: Any) -> Task:
    """A new gradient network, the same each time."""
    keras.utils.set_random_seed(7)
    return replace(next(tasks(build())), **changed)


def depth_task() -> Task:
    keras.utils.set_random_seed(7)
    *_, task = tasks(build())
    return task


def with_recipe(**changed: Any) -> Settings:
    return replace(SETTINGS, recipe=replace(RECIPE, **changed))


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["event"] == kind]


def test_it_learns_and_leaves_the_best_epoch_in_the_model(frames: Frames) -> None:
    task, events = depth_task(), []
    outcome = fit(task, *frames, with_recipe(epochs=6), into(events))
    epochs = of(events, "epoch")
    assert epochs[-1]["loss"] < 0.7 * epochs[0]["loss"]
    best = min(epochs, key=lambda event: event["held_out_loss"])
    assert (outcome.best_epoch, outcome.held_out_loss) == (best["epoch"], best["held_out_loss"])
    assert [event["epoch"] for event in epochs if event["best"]][-1] == best["epoch"]
    assert (outcome.epochs, outcome.steps, outcome.images, outcome.ended) == (6, 24, 96, "epochs")
    losses, squares = [], []
    for batch in load(in_order(frames[1], 1), SAMPLING, None):
        answer = np.asarray(task.model(batch.rgb, training=False))
        losses.append(float(task.loss(batch.depth, answer)))
        errors_m = np.exp(answer[..., 0]) * batch.focal_px[0] / 200 - metres(batch.depth[..., 0], batch)
        squares += list(errors_m[batch.depth[..., 1] > 0] ** 2)
    assert np.mean(losses) == pytest.approx(outcome.held_out_loss, rel=1e-4)
    assert math.sqrt(np.mean(squares)) == pytest.approx(outcome.held_out_rmse_m, rel=1e-4)


def test_progress_is_told_after_each_step(frames: Frames) -> None:
    events: list[dict[str, Any]] = []
    fit(edges_task(), *frames, SETTINGS, into(events))
    progress = of(events, "progress")
    assert [(event["epoch"], event["step"]) for event in progress] == [(e, s) for e in (1, 2, 3) for s in (1, 2, 3, 4)]
    assert [event["fraction"] for event in progress] == pytest.approx([i / 12 for i in range(1, 13)], abs=1e-4)
    assert {(event["stage"], event["epochs"], event["steps"]) for event in progress} == {("gradient", 3, 4)}


def test_the_average_of_the_weights_is_what_is_kept(frames: Frames) -> None:
    task = edges_task()
    average = task.model.get_weights()
    seen = 0

    def follow(event: Event) -> None:
        nonlocal average, seen
        if isinstance(event, Progress):
            seen += 1
            if seen % AVERAGED_STEPS == 0:
                taken = seen // AVERAGED_STEPS
                decay = min(0.9**AVERAGED_STEPS, (1 + taken) / (10 + taken))
                average = [decay * a + (1 - decay) * w for a, w in zip(average, task.model.get_weights(), strict=True)]

    fit(task, frames[0], [], with_recipe(ema=0.9), follow)
    assert seen == 12
    for kept, expected in zip(task.model.get_weights(), average, strict=True):
        assert kept == pytest.approx(expected, abs=1e-6)


def test_a_variable_may_take_a_share_of_the_step(frames: Frames) -> None:
    """The first step of Adam is the learning rate itself, whatever the gradient, unless there is none."""
    task = edges_task(rate=lambda variable: 0.1 if "transpose" in variable.path else 1.0)
    before = [variable.numpy() for variable in task.model.trainable_variables]
    settings = with_recipe(epochs=1, schedule="constant", ema=None, clip_norm=None, batch=16)
    assert fit(task, frames[0], [], settings).steps == 1
    moved = {
        variable.path: np.abs(variable.numpy() - old).max()
        for variable, old in zip(task.model.trainable_variables, before, strict=True)
        if "kernel" in variable.path
    }
    assert len(moved) == 2
    for path, most in moved.items():
        assert most == pytest.approx(1e-3 if "transpose" in path else 1e-2, rel=0.05), path


def test_without_a_better_epoch_patience_ends_it(frames: Frames) -> None:
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros")(inputs))
    settings = with_recipe(epochs=50, patience=3, learning_rate=1e-30, ema=None)
    outcome = fit(edges_task(model=model), *frames, settings)
    assert (outcome.ended, outcome.best_epoch, outcome.epochs) == ("patience", 1, 4)
    assert fit(edges_task(model=model), frames[0], [], with_recipe(epochs=5, patience=3)).ended == "epochs"


def ticking() -> Callable[[], float]:
    """A clock on which each look takes a second."""
    ticks = iter(range(10**6))
    return lambda: float(next(ticks))


def test_a_budget_ends_it_with_the_best_so_far(frames: Frames) -> None:
    events: list[dict[str, Any]] = []
    settings = replace(with_recipe(epochs=1000), budget_s=60.0)
    outcome = fit(edges_task(), *frames, settings, into(events), clock=ticking())
    assert outcome.ended == "budget"
    assert 60 <= outcome.seconds < 70
    assert 1 <= outcome.epochs < 30
    assert of(events, "progress")[-1]["fraction"] > 0.9
    assert of(events, "progress")[-1]["epochs"] < 2 * outcome.epochs, "it says how many epochs the budget allows"
    at_once = fit(edges_task(), *frames, replace(settings, budget_s=0.5), clock=ticking())
    assert (at_once.epochs, at_once.steps) == (1, 1), "even no time gives something"


def test_a_loss_that_is_no_number_keeps_the_best_epoch(frames: Frames) -> None:
    task = edges_task()

    def spoil(event: Event) -> None:
        if isinstance(event, Progress) and (event.epoch, event.step) == (2, 3):
            task.model.set_weights([np.full_like(weight, np.nan) for weight in task.model.get_weights()])

    states: list[State] = []
    outcome = fit(task, *frames, SETTINGS, spoil, keep=states.append)
    assert (outcome.ended, outcome.best_epoch, outcome.epochs) == ("diverged", 1, 2)
    assert [state.facts["epoch"] for state in states] == [1], "nothing that is broken is kept to go on from"
    for weight, best in zip(task.model.get_weights(), states[0].arrays["best"], strict=True):
        assert np.array_equal(weight, best)
    with pytest.raises(LidarliveError, match="loss of the gradient network is not finite in epoch 1"):
        fit(diverging(edges_task()), *frames, SETTINGS)


@pytest.mark.parametrize("ema", [0.9, None])
def test_going_on_from_a_state_comes_to_the_same(frames: Frames, tmp_path: Path, ema: float | None) -> None:
    """As if it had never stopped: optimizer, average, random numbers of the network, best epoch."""
    settings = with_recipe(epochs=4, ema=ema)

    def keep(state: State) -> None:
        if state.facts["epoch"] == 2:
            state.write(tmp_path / "state.npz")

    whole = depth_task()
    expected = fit(whole, *frames, settings, keep=keep)
    task = depth_task()
    task.model.set_weights([weight + 1 for weight in task.model.get_weights()])
    outcome = fit(task, *frames, settings, start=State.read(tmp_path / "state.npz"))
    assert plain(outcome) == pytest.approx(plain(expected), rel=1e-4)
    for weight, other in zip(task.model.get_weights(), whole.model.get_weights(), strict=True):
        assert weight == pytest.approx(other, rel=1e-3, abs=1e-5)


def plain(outcome: Outcome) -> list[float]:
    return [outcome.epochs, outcome.best_epoch, outcome.steps, outcome.images, outcome.loss, outcome.held_out_loss or 0]


def test_a_state_of_other_networks_is_refused(frames: Frames) -> None:
    states: list[State] = []
    fit(edges_task(), *frames, with_recipe(epochs=1), keep=states.append)
    with pytest.raises(LidarliveError, match="networks have changed since"):
        fit(depth_task(), *frames, with_recipe(epochs=2), start=states[0])
