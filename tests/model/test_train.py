"""A whole training, from recordings to a version in the weights folder; and how it ends when it cannot."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from capture.errors import LidarliveError
from model import store
from model.config import UNBOUNDED_EPOCHS, TrainConfig, VersionConfig
from model.data.batches import Sampling, frames_of, load
from model.data.split import open_recordings, split
from model.data.thinning import training_frames
from model.events import Event, Started
from model.preset_facts import facts_of
from model.report import Report, TrainingFacts
from model.train import train
from model.training.resolve import resolve
from model.training.version_files import write_report
from tests.support.events import into
from tests.support.frames import write_recording
from tests.support.paths import ROOT
from tests.support.scenes import SMALL, scene_frame, scene_recording, training

# Keras asks NumPy 2 for an array in a way that NumPy is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Run = tuple[TrainConfig, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run() -> Run:
    """One whole training: what it was told, and its events."""
    config, events, _folder = training()
    return config, events


@pytest.fixture(scope="module")
def dataset(run: Run) -> Path:
    return Path(run[0].data[0])


def of(events: list[dict[str, Any]], kind: str, stage: str | None = None) -> list[dict[str, Any]]:
    return [e for e in events if e["event"] == kind and (stage is None or e["stage"] == stage)]


def written(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report.to_json())
    return document


def test_both_networks_learn(run: Run):
    for stage in ("gradient", "finetune"):
        losses = [event["loss"] for event in of(run[1], "epoch", stage)]
        assert len(losses) == SMALL["epochs"]
        assert losses[-1] < 0.7 * losses[0]


def test_the_events_are_well_formed_and_in_order(run: Run):
    events = run[1]
    assert json.loads(json.dumps(events, allow_nan=False)) == events
    assert [list(e["train"].values()) + list(e["held_out"].values()) for e in of(events, "started")] == [[16, 6]]
    progress = of(events, "progress")
    assert {e["stage"] for e in progress} == {"gradient", "finetune", "converting"}
    fractions = [e["fraction"] for e in progress]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert events[-1]["event"] == "done"
    assert events[-1]["validated"] is True


def test_the_best_epoch_by_the_held_out_recording_is_kept(run: Run):
    """The report's stage names the epoch of the least held-out loss, and the saved weights are that epoch's."""
    report = run[1][-1]["report"]
    assert (report["preset"], sorted(report["parameters"])) == ("fast", ["finetune", "gradient"])
    for stage in ("gradient", "finetune"):
        epochs = of(run[1], "epoch", stage)
        best = min(epochs, key=lambda e: e["held_out_loss"])
        assert report["stages"][stage]["best_epoch"] == best["epoch"]
        assert [e["best"] for e in epochs][best["epoch"] - 1]
        assert not any(e["best"] for e in epochs[best["epoch"] :])
    assert report["all"]["far"]["rmse_m"] == pytest.approx(best["held_out_rmse_m"], rel=0.05)


def test_the_version_is_whole_and_says_where_it_came_from(run: Run, dataset: Path):
    folder = Path(run[0].out)
    files = {"gradient.keras", "finetune.keras", "pair.xml", "pair.bin", "config.json", "report.json", "card.md"}
    assert {file.name for file in folder.iterdir()} == files
    assert [child.name for child in folder.parent.iterdir()] == ["v1"]
    config = VersionConfig.read(folder)
    assert (config.parent, config.size) == (None, (64, 96))
    assert [(entry.frames, entry.held_out) for entry in config.data] == [(16, False), (6, True)]
    assert json.loads((folder / "report.json").read_text()) == run[1][-1]["report"]
    assert "held out" in (folder / "card.md").read_text()


def test_the_networks_are_saved_without_an_optimizer(run: Run):
    import keras

    for name in ("gradient", "finetune"):
        network = keras.saving.load_model(Path(run[0].out) / f"{name}.keras")
        assert getattr(network, "optimizer", None) is None


class Enough(Exception):  # noqa: N818 - not an error
    """Ends a training from within, once a test has seen what it needs."""


def test_going_on_from_a_version_starts_with_its_networks_size_and_preset(run: Run, tmp_path: Path):
    from model.presets.registry import PRESETS, open_networks

    def listen(event: Event) -> None:
        assert isinstance(event, Started)
        assert (event.continue_from, event.preset) == (run[0].out, "fast")
        raise Enough

    with pytest.raises(Enough):
        train(replace(run[0], out=str(tmp_path / "v2"), continue_from=run[0].out), listen)
    assert list(tmp_path.iterdir()) == []
    config, parent = resolve(replace(run[0], size=None, continue_from=run[0].out))
    assert (config.preset, config.size, parent) == ("fast", (64, 96), Path(run[0].out))

    refs = frames_of(open_recordings(run[0].data))[:4]
    batch = next(load([refs], Sampling((64, 96), 200.0), None))
    preset, losses = PRESETS["fast"], []
    for folder in (None, Path(run[0].out)):
        task = next(preset.tasks(open_networks(preset, folder, seed=0)))
        losses.append(float(task.loss(task.target(batch), task.model(batch.rgb, training=False))))
    assert losses[1] < 0.7 * losses[0]


def test_going_on_from_another_preset_is_refused(run: Run, tmp_path: Path):
    further = replace(run[0], out=str(tmp_path / "v2"), continue_from=run[0].out, preset="original")
    with pytest.raises(
        LidarliveError, match=r"v1 is of preset fast, and original cannot continue from it.*--from-scratch"
    ):
        train(further)
    folder = tmp_path / "weights"
    shutil.copytree(run[0].out, folder)
    document = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**document, "canonical_focal_px": 500.0}))
    with pytest.raises(LidarliveError, match=r"canonical focal length of 500\.0 px"):
        train(replace(further, preset=None, continue_from=str(folder)))


def test_a_version_that_was_not_validated_says_so(run: Run, dataset: Path, tmp_path: Path):
    folder = tmp_path / "version"
    shutil.copytree(run[0].out, folder)
    parts = split(open_recordings([next(dataset.glob("*_first"))]), None)
    report = written(write_report(folder, parts, TrainingFacts(weights=str(folder)), lambda done, total: None))
    assert report["validated"] is False
    assert report["comparison"] is None
    assert "not validated" in report["measured_on"]
    assert "Not validated" in (folder / "card.md").read_text()
    assert report["all"]["far"]["frames"] == 16


def test_the_report_compares_with_the_champion(run: Run, dataset: Path, tmp_path: Path):
    folder = tmp_path / "version"
    shutil.copytree(run[0].out, folder)
    parts = split(open_recordings([dataset]), run[0].held_out)
    rooms = open_recordings([scene_recording(tmp_path / "rooms", "room", 3, seed=9)])
    facts = TrainingFacts(weights="where it will be")
    report = written(
        write_report(folder, parts, facts, lambda done, total: None, champion=Path(run[0].out), rooms=rooms)
    )
    comparison = report["comparison"]
    assert comparison["recordings"]["champion"]["all"] == report["all"], "the version is a copy of the champion"
    assert (comparison["champion"], comparison["challenger"]) == (run[0].out, "where it will be")
    assert comparison["recordings"]["challenger"]["all"] == report["all"]
    assert comparison["rooms"]["challenger"]["all"]["far"]["frames"] == 3
    assert comparison["verdict"]["sentence"].startswith("No difference: ")
    assert "Against v1: No difference: " in (folder / "card.md").read_text()
    assert json.loads((folder / "report.json").read_text()) == report


def test_a_champion_that_cannot_be_read_loses_nothing(run: Run, dataset: Path, tmp_path: Path):
    folder = tmp_path / "version"
    shutil.copytree(run[0].out, folder)
    parts = split(open_recordings([dataset]), run[0].held_out)
    facts = TrainingFacts(weights=str(folder))
    report = written(write_report(folder, parts, facts, lambda done, total: None, champion=tmp_path / "gone"))
    assert report["comparison"] is None
    assert report["all"]["far"]["frames"] > 0
    assert report["notes"][-1].startswith("It could not be compared with gone: ")


def test_from_scratch_it_is_compared_with_the_version_in_use(run: Run):
    report = json.loads((Path(run[0].out) / "report.json").read_text())
    assert run[0].continue_from is None
    assert report["comparison"]["champion"] == str(store.starter())


def test_the_predictor_agrees_with_keras(run: Run):
    import numpy as np

    from model.predictor import Predictor
    from model.presets.registry import PRESETS, open_networks

    graph = PRESETS["fast"].graph(open_networks(PRESETS["fast"], Path(run[0].out), seed=0))
    predictor = Predictor(run[0].out, threads=1)
    for landscape in (False, True):
        frame = scene_frame(5, seed=7, landscape=landscape)
        small = np.ascontiguousarray(frame.rgb[:96, :64] if not landscape else frame.rgb[:64, :96])
        answer = graph(small[None], training=False)
        prediction = predictor(small)
        assert np.allclose(prediction.depth_m, answer["canonical_depth"][0, ..., 0], rtol=1e-3)
        assert np.allclose(prediction.edges, answer["edges"][0, ..., 0], atol=1e-3)


def test_the_original_pair_becomes_a_version_of_any_size(dataset: Path, tmp_path: Path):
    from model.predictor import Predictor

    small = {**SMALL, "size": (34, 50), "epochs": 1, "epoch_frames": 4, "batch": None}
    events: list[dict[str, Any]] = []
    out = train(TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), preset="original", **small), into(events))
    assert {event["stage"]: event["steps"] for event in of(events, "progress")} == {
        "gradient": 2,
        "finetune": 2,
        "converting": 6,
    }
    assert (VersionConfig.read(out).preset, VersionConfig.read(out).canonical_focal_px) == ("original", None)
    report = events[-1]["report"]
    assert report["parameters"] == {"gradient": 416_701, "finetune": 417_151}
    assert "417,151 parameters" in (out / "card.md").read_text()
    prediction = Predictor(out, threads=1)(scene_frame(0, landscape=True).rgb)
    assert prediction.depth_m.shape == (34, 50)


def test_the_same_seed_gives_the_same_losses(run: Run):
    from model.presets.registry import PRESETS, open_networks
    from model.training.fit import Settings, fit

    config = replace(run[0], preset="fast")
    parts = split(open_recordings(config.data), None)
    again: list[dict[str, Any]] = []
    task = next(PRESETS["fast"].tasks(open_networks(PRESETS["fast"], None, config.seed)))
    settings = Settings(Sampling((64, 96), 200.0, config.zoom), config.recipe, config.seed, config.epoch_frames)
    fit(task, frames_of(parts.train), frames_of(parts.held_out), settings, into(again))
    for one, other in zip(of(again, "epoch"), of(run[1], "epoch", task.name), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)
        assert one["held_out_loss"] == pytest.approx(other["held_out_loss"], rel=1e-3)


def test_a_loss_that_is_no_number_ends_the_training_and_leaves_nothing(dataset: Path, tmp_path: Path):
    config = TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), learning_rate=1e30, **SMALL)
    with pytest.raises(LidarliveError, match=r"loss of the gradient network is not finite in epoch 1"):
        train(config)
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_refused_before_anything_is_made(dataset: Path, tmp_path: Path):
    out = str(tmp_path / "v")
    blind = write_recording(tmp_path / "data", "blind", [scene_frame(i, confidence=0) for i in range(3)])
    with pytest.raises(LidarliveError, match=r"No frame of .*_blind has depth with confidence: nothing can be learned"):
        train(TrainConfig(data=(str(blind),), out=out, **SMALL))
    with pytest.raises(LidarliveError, match="what is held out cannot measure"):
        train(TrainConfig(data=(str(dataset), str(blind)), held_out=("blind",), out=out, **SMALL))
    with pytest.raises(LidarliveError, match="does not exist"):
        train(TrainConfig(data=(str(tmp_path / "nothing"),), out=out, **SMALL))
    with pytest.raises(LidarliveError, match="exists already"):
        train(TrainConfig(data=(str(dataset),), out=str(tmp_path), **SMALL))
    with pytest.raises(LidarliveError, match="no weights version elsewhere"):
        train(TrainConfig(data=(str(dataset),), out=out, **{**SMALL, "continue_from": "elsewhere"}))
    assert not Path(out).exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epochs": "ten"}, r"epochs must be int \| null\. Received: 'ten'"),
        ({"size": [100, 128], "preset": "fast"}, "multiples of 32"),
        ({"size": [100]}, r"size must be array of length 2\. Received: \[100\]"),
        ({"preset": "faster"}, "preset must be one of fast, original"),
        ({"size": [256, 192]}, "portrait"),
        ({"data": "folder"}, "data must be array. Received: 'folder'"),
        ({"data": []}, "at least one"),
        ({"colour": 1}, r"unknown options; known are data, .*Received: \['colour'\]"),
        ({"budget_minutes": -1}, "budget_minutes"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_one_clear_line(change: dict[str, Any], message: str):
    document = {"data": ["folder"], "out": "v", **change}
    with pytest.raises(LidarliveError, match=message):
        TrainConfig.from_json(json.dumps(document))


def test_the_recipe_is_the_presets_with_what_was_said_in_its_place():
    said = TrainConfig(data=("a",), out="v", preset="original", size=(50, 70))
    assert (said.recipe.batch, said.recipe.epochs, said.recipe.schedule) == (2, 30, "constant")
    fast = TrainConfig(data=("a",), out="v", continue_from=None)
    assert fast.recipe == facts_of("fast").recipe
    assert replace(fast, continue_from="v1").recipe.learning_rate == facts_of("fast").recipe.further_learning_rate
    assert replace(fast, learning_rate=0.5, epochs=7, batch=3).recipe.learning_rate == 0.5
    assert replace(fast, budget_minutes=1.0).recipe.epochs == UNBOUNDED_EPOCHS
    assert replace(fast, budget_minutes=1.0, epochs=7).recipe.epochs == 7


def test_a_configuration_survives_json():
    config = TrainConfig(data=("a", "b"), out="v", held_out=("b",), budget_minutes=2.5, size=(64, 96))
    assert TrainConfig.from_json(config.to_json()) == config


def child(config: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "model.train"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, env=environment, **pipes)
    assert process.stdin is not None
    process.stdin.write(config)
    process.stdin.close()
    process.stdin = None
    return process


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path):
    config = TrainConfig(data=(str(tmp_path / "nothing"),), out=str(tmp_path / "v"), **SMALL)
    process = child(config.to_json())
    out, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert json.loads(out)["event"] == "error"
    assert error.strip().count("\n") == 0
    assert "does not exist" in error


def test_near_duplicates_are_left_out_only_where_they_crowd_out_others(tmp_path: Path):
    still = [replace(scene_frame(0), index=i, received_ns=i * 33_333_333) for i in range(20)]
    recordings = open_recordings([write_recording(tmp_path, "still", still)])
    assert len(training_frames(recordings, epoch_frames=20)) == 20
    assert len(training_frames(recordings, epoch_frames=19)) < 20


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot ask a process to end")
def test_a_stopped_training_leaves_nothing(dataset: Path, tmp_path: Path):
    """Only events come on standard output, and after SIGTERM neither version nor scratch folder is there."""
    config = TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), **{**SMALL, "epochs": 1000})
    process = child(config.to_json())
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] == "progress":
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)  # as Ctrl-C does, by the terminal and through the parent
            break
    rest, _ = process.communicate(timeout=60)
    events += [json.loads(line) for line in rest.splitlines()]
    assert process.returncode == 1
    assert events[-1]["message"] == "The training was stopped; there is no new version"
    assert list(tmp_path.iterdir()) == []
