"""What a reproduction measures of answers, how long it trains, and the outcome of a training that diverges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from model.data.batches import Batch
from model.presets import original
from model.reproduce import images, pace, trials
from model.reproduce.figures import accuracy, depth_figures, edge_figures
from model.reproduce.results import Plan
from model.reproduce.trials import TRIALS, Lab, TrialTraining
from tests.support.scenes import scene_recording
from tests.support.tasks import diverging

pytestmark = pytest.mark.trainer


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A small recording and a small network."""
    monkeypatch.setattr(original, "FILTERS", (4,))
    scene_recording(tmp_path, "here", 12)
    chosen = images.choose([tmp_path])
    plan = Plan((24, 32), chosen.counts, 2, 1, chosen.local, chosen.elsewhere, chosen.notes, chosen.fingerprint, 0.1)
    return Lab(chosen, plan, lambda line: None)


def batch_of(depth_mm: list[list[float]]) -> Batch:
    """One frame whose depth target is this."""
    metres = np.array(depth_mm, np.float32) / 1000
    valid = metres > 0
    depth = np.stack([np.log(np.where(valid, metres, 1)), valid], axis=-1).astype(np.float32)[None]
    focal = np.array([200.0], np.float32)
    return Batch(np.zeros((1, *metres.shape, 3), np.uint8), depth, focal)


def answers(*of_batches: list[list[float]]) -> Any:
    """Something that answers these, one after the other."""
    left = iter(of_batches)
    return lambda rgb: np.array(next(left), np.float32)[None, ..., None]


def test_the_figures_of_answers_by_hand() -> None:
    batches = [batch_of([[1000, 0]]), batch_of([[2000, 3000]])]
    figures = depth_figures(answers([[1100, 300]], [[0, 3000]]), batches)
    assert figures["images_mse_mm2"] == [50_000, 2_000_000]  # the pixel without a reading counts, as published
    assert figures["mse_mm2"] == 1_025_000
    assert figures["rmse_m"] == pytest.approx(((0.1**2 + 2**2 + 0) / 3) ** 0.5)
    assert figures["zeros"] == figures["unread"] == 0.25
    assert depth_figures(answers([[np.inf, 0]]), batches[:1])["mse_mm2"] is None


def test_accuracy_is_what_keras_makes_of_it() -> None:
    batch = batch_of([[1000, 0, 1, 500]])
    said = accuracy(answers([[1000, 0, 1, 700]]), [batch])
    network = keras.Sequential([keras.Input((1, 4, 1)), keras.layers.Identity()])
    network.compile(loss="mse", metrics=["accuracy"])
    answer = np.array([[[[1000], [0], [1], [700]]]], np.float32)
    keras_says = network.evaluate(answer, original.depth_target(batch), verbose=0, return_dict=True)["accuracy"]
    assert said == {"keras": keras_says, "truth": 0.5, "exact": 0.75}
    assert keras_says == 0.5


def test_edges_are_measured_against_one_grey() -> None:
    batch = batch_of([[1000] * 3, [1000] * 3, [3000] * 3])
    target = original.edge_target(batch)[0, ..., 0]
    grey = np.full((3, 3), target.mean())
    assert edge_figures(answers(target.tolist()), [batch])["mse"] == 0
    said = edge_figures(answers(grey.tolist()), [batch])
    assert said["mse"] == pytest.approx(said["mse_of_one_grey"])


def test_as_many_epochs_as_fit_into_the_hour() -> None:
    assert pace.epochs_within_the_hour(135, 1e-4) == 30
    assert pace.epochs_within_the_hour(135, 100.0) == 1
    epochs = pace.epochs_within_the_hour(135, 0.75)
    assert pace.training_seconds(epochs, 135, 0.75) <= 0.87 * 3600 < pace.training_seconds(epochs + 1, 135, 0.75)
    assert len(TRIALS) == 4 + pace.VARIANTS
    assert [pace.short_of(epochs) for epochs in (1, 2, 5, 30)] == [1, 2, 3, 15]


def test_a_loss_that_becomes_no_number_is_an_outcome(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    depth_task = trials.depth_task
    monkeypatch.setattr(trials, "depth_task", lambda *words, **named: diverging(depth_task(*words, **named)))
    measured = TRIALS["rate 0.1"](replace(lab, log=heard.append))
    assert (measured["ended"], measured["tests"], measured["curves"]) == ("diverged", {}, {"single": []})
    assert "is not finite" in heard[0]


def test_training_on_is_the_same_as_training_through(lab: Lab) -> None:
    curves = []
    for ends in ((1, 3), (3,)):
        keras.utils.set_random_seed(0)
        training = TrialTraining(lab, original.depth_task("single", original.rough_network()))
        assert all(training.until(end) for end in ends)
        curves.append([[row["epoch"], row["loss"], row["validation"]] for row in training.curve])
    assert np.allclose(curves[0], curves[1], rtol=1e-4)
    assert [row[0] for row in curves[0]] == [1, 2, 3]
