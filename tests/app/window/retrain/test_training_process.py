"""The trainer as the window holds it, with a real child: kept early, thrown away, killed, resumed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from PyQt5.QtCore import QProcess
from pytestqt.qtbot import QtBot

from app.window.retrain import training_process as app_trainer
from app.window.retrain.training_process import TrainingProcess
from capture import paths
from model import store
from model.config import TrainConfig
from model.events import Asked, Epoch, Event, Progress, Started
from model.preset_facts import PRESETS
from model.training.interrupted import interrupted
from tests.support.paths import ROOT
from tests.support.scenes import SMALL, scene_recording
from tests.support.tiny_facts import NAME, TINY_FACTS

WAIT_MS = 300_000  # TensorFlow is imported on a busy machine
pytestmark = [pytest.mark.trainer, pytest.mark.timeout(600)]


@pytest.fixture
def config(tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> TrainConfig:
    """A training of tiny networks, on two recordings, into the store."""
    monkeypatch.setattr(app_trainer, "MODULE", "tests.support.tiny")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setitem(PRESETS, NAME, TINY_FACTS)
    scene_recording(tmp_path, "first", 16, seed=1)
    scene_recording(tmp_path, "last", 6, seed=2)
    return TrainConfig(data=(str(tmp_path),), out=str(store.new_version_folder()), preset=NAME, resumable=True, **SMALL)


class Listening:
    """A trainer, all its events, and what to do at the first event of a kind, in that epoch where it has one."""

    def __init__(self, kind: type[Event] | None, act: Any, epoch: int | None = None) -> None:
        self.trainer, self.events, self.ends = TrainingProcess(), list[Event](), list[str]()
        self._when, self._act = (kind, epoch), act
        self.trainer.event_received.connect(self._hear)
        self.trainer.ended.connect(self.ends.append)

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if (type(event), getattr(event, "epoch", None)) == self._when and self._act is not None:
            act, self._act = self._act, None
            act(self.trainer)

    def run(self, qtbot: QtBot, config: TrainConfig) -> str:
        with qtbot.waitSignal(self.trainer.ended, timeout=WAIT_MS):
            self.trainer.start(config)
        (end,) = self.ends
        return end

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


def is_second_epoch(event: Event) -> bool:
    return getattr(event, "epoch", None) == 2


@pytest.mark.priorities
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has classes of priority instead")
def test_it_runs_at_a_low_priority(qtbot: QtBot, config: TrainConfig) -> None:
    trainer = TrainingProcess()
    trainer.start(config)
    (process,) = trainer.findChildren(QProcess)
    child = psutil.Process(process.processId())
    qtbot.waitUntil(lambda: child.nice() == app_trainer.NICENESS > psutil.Process().nice())
    trainer.shut_down()


def kill(trainer: TrainingProcess) -> None:
    (process,) = trainer.findChildren(QProcess)
    os.kill(process.processId(), signal.SIGKILL)


def test_stopped_early_there_is_a_version_of_the_best_so_far(qtbot: QtBot, config: TrainConfig) -> None:
    run = Listening(Started, TrainingProcess.stop_and_keep_best)
    assert run.run(qtbot, config) == ""
    assert run.events[-1].weights == config.out
    assert [event.early for event in run.events if isinstance(event, Asked)] == [True]
    assert run.count(Epoch) == 2, "one of each network"
    assert Path(config.out) in store.versions()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_killed_it_is_one_sentence_and_goes_on_where_it_was(qtbot: QtBot, config: TrainConfig) -> None:
    active = store.active()
    end = Listening(Progress, kill, epoch=2).run(qtbot, config)
    assert end.startswith("The trainer was killed by the system: it probably ran out of memory: close other programs")
    assert "The finished epochs are kept: continue with Retrain in the window" in end
    (found,) = interrupted(paths.weights_folder())
    assert store.active() == active
    again = Listening(None, None)
    assert again.run(qtbot, found.config) == ""
    assert again.count(Epoch) == 8 - found.epoch
    assert again.events[0].resumed is True
    assert interrupted(paths.weights_folder()) == []
    assert store.active() == active


def test_cancelled_nothing_is_left_and_shut_down_keeps_what_can_go_on(qtbot: QtBot, config: TrainConfig) -> None:
    assert Listening(Progress, TrainingProcess.cancel, epoch=2).run(qtbot, config) == "Cancelled: nothing was saved"
    assert list(paths.weights_folder().iterdir()) == []
    run = Listening(None, None)
    with qtbot.waitSignal(run.trainer.event_received, timeout=WAIT_MS, check_params_cb=is_second_epoch):
        run.trainer.start(config)
    run.trainer.shut_down()
    assert not run.trainer.running
    assert [found.config.out for found in interrupted(paths.weights_folder())] == [config.out]


def test_full_disk_is_one_sentence_in_the_window_too(qtbot: QtBot, config: TrainConfig, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"\0" * (shutil.disk_usage(small_disk).free - 8192))
    end = Listening(None, None).run(
        qtbot, TrainConfig(data=config.data, out=str(small_disk / "v"), preset=NAME, **SMALL)
    )
    assert "cannot be written (No space left on device)" in end
    assert "\n" not in end
