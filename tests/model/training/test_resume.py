"""A training interrupted by a real kill of a real child, and how it is resumed or refused."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.train import TrainCommand, train_config
from capture import paths
from capture.errors import LidarliveError
from model.config import TrainConfig
from model.events import Event, Progress
from model.train import train
from model.training import progress
from model.training.checkpoint import STATE_NAME, State, folder_of, is_interrupted, newest_interrupted, working_folder
from tests.support.events import into
from tests.support.scenes import SMALL, scene_recording
from tests.support.tiny import register
from tests.support.trainings import child, events_of, networks_of

pytestmark = [
    pytest.mark.trainer,
    pytest.mark.timeout(400),  # children that import TensorFlow, on a busy machine
]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    monkeypatch.setattr(progress, "EVENT_INTERVAL_S", 0.0)  # every step is told, on a fast machine too


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    scene_recording(folder, "first", 16, seed=1)
    scene_recording(folder, "last", 6, seed=2)
    return folder


@pytest.fixture
def config(dataset: Path, tmp_path: Path) -> TrainConfig:
    return TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), preset="tiny", seed=4, resumable=True, **SMALL)


def interrupt(config: TrainConfig, number: int, stage: str = "finetune", epoch: int = 3) -> tuple[int, str]:
    """End a child by a signal in the middle of a training; its exit status and its last event."""
    process = child(config, stage, epoch)
    for event in events_of(process):
        if (event["event"], event.get("stage"), event.get("epoch")) == ("progress", stage, epoch):
            process.send_signal(number)
            break
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_after_a_kill_it_comes_to_what_it_would_have(config: TrainConfig, tmp_path: Path) -> None:
    interrupt(config, signal.SIGKILL)
    assert is_interrupted(Path(config.out))
    assert not Path(config.out).exists()
    saved = State.read(folder_of(Path(config.out)) / STATE_NAME)
    assert list(saved.facts["outcomes"]) == ["gradient"]
    assert saved.facts["fitted"]["epoch"] == 2
    events: list[dict[str, Any]] = []
    train(replace(config, resume=True), into(events))
    assert events[0]["resumed"] is True
    assert [(e["stage"], e["epoch"]) for e in events if e["event"] == "epoch"] == [("finetune", 3), ("finetune", 4)]
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)
    assert fractions[0] > 0.25 * 0.95
    whole = train(replace(config, out=str(tmp_path / "whole")))
    assert {file.name for file in tmp_path.iterdir()} == {"v", "whole"}, "what a training needed is gone"
    for weight, expected in zip(networks_of(Path(config.out)), networks_of(whole), strict=True):
        assert weight == pytest.approx(expected, rel=1e-3, abs=1e-5)
    reports = [json.loads((version / "report.json").read_text()) for version in (Path(config.out), whole)]
    assert [report["stages"]["finetune"]["images"] for report in reports] == [64, 64]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot ask a process to end")
def test_a_stopped_training_says_how_to_go_on(config: TrainConfig, tmp_path: Path) -> None:
    status, out = interrupt(config, signal.SIGTERM, "gradient", 2)
    assert status == 1
    assert "same command and --resume" in json.loads(out.splitlines()[-1])["message"]
    assert [file.name for file in tmp_path.iterdir()] == [".training-v"]
    with pytest.raises(LidarliveError, match=r"was interrupted. Continue it with --resume, or delete .*\.training-v"):
        train(config)
    assert is_interrupted(Path(config.out)), "an epoch is never thrown away unasked"


class Enough(Exception):  # noqa: N818 - not an error
    """Ends a training from within, once a test has seen what it needs."""


def stop_at_the_second_epoch(event: Event) -> None:
    if isinstance(event, Progress) and event.epoch == 2:
        raise Enough


@pytest.fixture
def interrupted(config: TrainConfig) -> TrainConfig:
    """A training that ended in its second epoch, with `resume` set."""
    with pytest.raises(Enough):
        train(config, stop_at_the_second_epoch)
    return replace(config, resume=True)


SHOWN = (
    r"^Cannot resume: options differ from the interrupted training \({}\)\. "
    r"Use the same options, drop --resume, or delete .*\.training-v$"
)


def test_what_was_told_something_else_is_not_resumed(interrupted: TrainConfig, dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match=SHOWN.format("epochs: 4 → 5; seed: 4 → 1")):
        train(replace(interrupted, epochs=5, seed=1))
    third = scene_recording(tmp_path / "more", "third", 3, seed=3)
    with pytest.raises(LidarliveError, match=SHOWN.format(".*recording .*third: none → .*, held out")):
        train(replace(interrupted, data=(*interrupted.data, str(third))))
    assert is_interrupted(Path(interrupted.out))


def test_a_damaged_or_foreign_state_is_one_clear_line(interrupted: TrainConfig) -> None:
    path = folder_of(Path(interrupted.out)) / STATE_NAME
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"\x80\x04N."):
        path.write_bytes(damaged)
        with pytest.raises(LidarliveError, match=r"state\.npz is damaged .* and train again"):
            train(interrupted)
    np.savez(path, facts=np.array([{"pickled": True}], dtype=object))
    with pytest.raises(LidarliveError, match="is damaged"):
        train(interrupted)


def test_a_training_that_still_runs_is_not_resumed(interrupted: TrainConfig) -> None:
    running = working_folder(Path(interrupted.out), resume=True)
    with running, pytest.raises(LidarliveError, match="is being trained already"):
        train(interrupted)


def test_there_may_be_nothing_to_resume(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match=r"nothing to resume: no training of .* was interrupted"):
        train(replace(config, resume=True))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(LidarliveError, match=r"nothing to resume: no training in .* was interrupted"):
        newest_interrupted(tmp_path)


def test_the_command_line_resumes_the_newest(interrupted: TrainConfig) -> None:
    for name in ("older", "newer"):
        folder = folder_of(paths.weights_folder() / name)
        folder.mkdir(parents=True)
        State({}, {}).write(folder / STATE_NAME)
        os.utime(folder / STATE_NAME, (1, 1) if name == "older" else None)
    settings: dict[str, Any] = {"epochs": 4, "size": "64x96", "seed": 4, "preset": "tiny"}
    told = train_config(TrainCommand([Path(interrupted.data[0])], **settings, from_scratch=True, resume=True))
    assert told.out == str(paths.weights_folder() / "newer")
    assert told.resume
    assert told.resumable
    own = Path(interrupted.out)
    assert train_config(TrainCommand([own], **settings, from_scratch=True, resume=True, out=own)).out == str(own)


def test_what_may_not_be_resumed_leaves_nothing(config: TrainConfig, tmp_path: Path) -> None:
    """As the window trains: cancelled, nothing stays."""
    with pytest.raises(Enough):
        train(replace(config, resumable=False), stop_at_the_second_epoch)
    assert list(tmp_path.iterdir()) == []
