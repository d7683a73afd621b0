"""A whole training, from recordings to a version in the weights folder; and how it ends when it cannot."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model import store
from model.config import FLOAT32, TrainConfig, VersionConfig
from model.data.batches import Sampling, frames_of, load
from model.data.split import open_recordings, split
from model.events import Event, Started
from model.predictor import Predictor
from model.report import Report, TrainingFacts
from model.train import train
from model.training.resolve import resolve
from model.training.version_files import write_report
from tests.support.events import into
from tests.support.scenes import SMALL, Training, scene_frame, scene_recording

pytestmark = pytest.mark.trainer


@pytest.fixture
def dataset(trained: Training) -> Path:
    return Path(trained.config.data[0])


def of(events: list[dict[str, Any]], kind: str, stage: str | None = None) -> list[dict[str, Any]]:
    return [e for e in events if e["event"] == kind and (stage is None or e["stage"] == stage)]


def written(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report.to_json())
    return document


def test_both_networks_learn(trained: Training):
    for stage in ("gradient", "finetune"):
        losses = [event["loss"] for event in of(trained.events, "epoch", stage)]
        assert len(losses) == SMALL["epochs"]
        assert losses[-1] < 0.7 * losses[0]


def test_the_events_are_well_formed_and_in_order(trained: Training):
    events = trained.events
    assert json.loads(json.dumps(events, allow_nan=False)) == events
    assert [list(e["train"].values()) + list(e["held_out"].values()) for e in of(events, "started")] == [[16, 6]]
    progress = of(events, "progress")
    assert {e["stage"] for e in progress} == {"gradient", "finetune", "converting"}
    fractions = [e["fraction"] for e in progress]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert events[-1]["event"] == "done"
    assert events[-1]["validated"] is True


def test_the_best_epoch_by_the_held_out_recording_is_kept(trained: Training):
    """The report's stage names the epoch of the least held-out loss, and the saved weights are that epoch's."""
    report = trained.events[-1]["report"]
    assert (report["preset"], sorted(report["parameters"])) == ("fast", ["finetune", "gradient"])
    for stage in ("gradient", "finetune"):
        epochs = of(trained.events, "epoch", stage)
        best = min(epochs, key=lambda e: e["held_out_loss"])
        assert report["stages"][stage]["best_epoch"] == best["epoch"]
        assert [e["best"] for e in epochs][best["epoch"] - 1]
        assert not any(e["best"] for e in epochs[best["epoch"] :])
    rmse_m = VersionConfig.read(Path(trained.config.out)).rmse_m
    assert rmse_m[FLOAT32] == pytest.approx(best["held_out_rmse_m"], rel=0.05), "Keras trains in float32"
    used = Predictor(trained.config.out, threads=1).precision  # the report's, which may be bfloat16 on this processor
    assert report["all"]["far"]["rmse_m"] == pytest.approx(rmse_m[used], rel=0.05)


def test_the_version_is_whole_and_says_where_it_came_from(trained: Training, dataset: Path):
    folder = Path(trained.config.out)
    files = {"gradient.keras", "finetune.keras", "pair.xml", "pair.bin", "config.json", "report.json", "card.md"}
    assert {file.name for file in folder.iterdir()} == files
    assert [child.name for child in folder.parent.iterdir()] == ["v1"]
    config = VersionConfig.read(folder)
    assert (config.parent, config.size) == (None, (64, 96))
    assert [(entry.frames, entry.held_out) for entry in config.data] == [(16, False), (6, True)]
    assert json.loads((folder / "report.json").read_text()) == trained.events[-1]["report"]
    assert "held out" in (folder / "card.md").read_text()


def test_the_networks_are_saved_without_an_optimizer(trained: Training):
    import keras

    for name in ("gradient", "finetune"):
        network = keras.saving.load_model(Path(trained.config.out) / f"{name}.keras")
        assert getattr(network, "optimizer", None) is None


class Enough(Exception):  # noqa: N818 - not an error
    """Ends a training from within, once a test has seen what it needs."""


def test_going_on_from_a_version_starts_with_its_networks_size_and_preset(trained: Training, tmp_path: Path):
    from model.presets.registry import PRESETS, open_networks

    def listen(event: Event) -> None:
        assert isinstance(event, Started)
        assert (event.continue_from, event.preset) == (trained.config.out, "fast")
        raise Enough

    with pytest.raises(Enough):
        train(replace(trained.config, out=str(tmp_path / "v2"), continue_from=trained.config.out), listen)
    assert list(tmp_path.iterdir()) == []
    config, parent = resolve(replace(trained.config, size=None, continue_from=trained.config.out))
    assert (config.preset, config.size, parent) == ("fast", (64, 96), Path(trained.config.out))

    refs = frames_of(open_recordings(trained.config.data))[:4]
    batch = next(load([refs], Sampling((64, 96), 200.0), None))
    preset, losses = PRESETS["fast"], []
    for folder in (None, Path(trained.config.out)):
        task = next(preset.tasks(open_networks(preset, folder, seed=0)))
        losses.append(float(task.loss(task.target(batch), task.model(batch.rgb, training=False))))
    assert losses[1] < 0.7 * losses[0]


def test_a_version_that_was_not_validated_says_so(trained: Training, dataset: Path, tmp_path: Path):
    folder = tmp_path / "version"
    shutil.copytree(trained.config.out, folder)
    parts = split(open_recordings([next(dataset.glob("*_first"))]), None)
    report = written(write_report(folder, parts, TrainingFacts(weights=str(folder)), lambda done, total: None))
    assert report["validated"] is False
    assert report["comparison"] is None
    assert "not validated" in report["measured_on"]
    assert "Not validated" in (folder / "card.md").read_text()
    assert report["all"]["far"]["frames"] == 16


def test_the_report_compares_with_the_champion(trained: Training, dataset: Path, tmp_path: Path):
    folder = tmp_path / "version"
    shutil.copytree(trained.config.out, folder)
    parts = split(open_recordings([dataset]), trained.config.held_out)
    rooms = open_recordings([scene_recording(tmp_path / "rooms", "room", 3, seed=9)])
    facts = TrainingFacts(weights="where it will be")
    report = written(
        write_report(folder, parts, facts, lambda done, total: None, champion=Path(trained.config.out), rooms=rooms)
    )
    comparison = report["comparison"]
    assert comparison["recordings"]["champion"]["all"] == report["all"], "the version is a copy of the champion"
    assert (comparison["champion"], comparison["challenger"]) == (trained.config.out, "where it will be")
    assert comparison["recordings"]["challenger"]["all"] == report["all"]
    assert comparison["rooms"]["challenger"]["all"]["far"]["frames"] == 3
    assert comparison["verdict"]["sentence"].startswith("No difference: ")
    assert "Against v1: No difference: " in (folder / "card.md").read_text()
    assert json.loads((folder / "report.json").read_text()) == report


def test_a_champion_that_cannot_be_read_loses_nothing(trained: Training, dataset: Path, tmp_path: Path):
    folder = tmp_path / "version"
    shutil.copytree(trained.config.out, folder)
    parts = split(open_recordings([dataset]), trained.config.held_out)
    facts = TrainingFacts(weights=str(folder))
    report = written(write_report(folder, parts, facts, lambda done, total: None, champion=tmp_path / "gone"))
    assert report["comparison"] is None
    assert report["all"]["far"]["frames"] > 0
    assert report["notes"][-1].startswith("It could not be compared with gone: ")


def test_from_scratch_it_is_compared_with_the_version_in_use(trained: Training):
    report = json.loads((Path(trained.config.out) / "report.json").read_text())
    assert trained.config.continue_from is None
    assert report["comparison"]["champion"] == str(store.starter())


def test_the_predictor_agrees_with_keras(trained: Training, tmp_path: Path):
    """In float32, whatever this processor has and whatever precision was found to be good enough for the version."""
    import numpy as np

    from model.presets.registry import PRESETS, open_networks

    graph = PRESETS["fast"].graph(open_networks(PRESETS["fast"], Path(trained.config.out), seed=0))
    version = tmp_path / "version"
    shutil.copytree(trained.config.out, version)
    config = replace(VersionConfig.read(version), rmse_m={})  # bfloat16 is taken only where it was measured
    (version / "config.json").write_text(config.to_json())
    predictor = Predictor(version, threads=1)
    assert predictor.precision == FLOAT32
    for landscape in (False, True):
        frame = scene_frame(5, seed=7, landscape=landscape)
        small = np.ascontiguousarray(frame.rgb[:96, :64] if not landscape else frame.rgb[:64, :96])
        answer = graph(small[None], training=False)
        prediction = predictor(small)
        assert np.allclose(prediction.depth_m, answer["canonical_depth"][0, ..., 0], rtol=1e-3)
        assert np.allclose(prediction.edges, answer["edges"][0, ..., 0], atol=1e-3)


def test_the_original_pair_becomes_a_version_of_any_size(dataset: Path, tmp_path: Path):

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


def test_the_same_seed_gives_the_same_losses(trained: Training):
    from model.presets.registry import PRESETS, open_networks
    from model.training.fit import Settings, fit

    config = replace(trained.config, preset="fast")
    parts = split(open_recordings(config.data), None)
    again: list[dict[str, Any]] = []
    task = next(PRESETS["fast"].tasks(open_networks(PRESETS["fast"], None, config.seed)))
    settings = Settings(Sampling((64, 96), 200.0, config.zoom), config.recipe, config.seed, config.epoch_frames)
    fit(task, frames_of(parts.train), frames_of(parts.held_out), settings, into(again))
    for one, other in zip(of(again, "epoch"), of(trained.events, "epoch", task.name), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)
        assert one["held_out_loss"] == pytest.approx(other["held_out_loss"], rel=1e-3)
