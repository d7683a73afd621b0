"""How trainings end: early with the best kept, without memory or disk, by a kill; and what can be resumed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from filelock import FileLock

from capture.errors import LidarliveError
from capture.recording import Recording
from model import events as trainer_events
from model.config import TrainConfig
from model.jobs.worker import STOP_LINE
from model.predictor import Predictor
from model.train import train
from model.training import progress
from model.training.checkpoint import LOCK_NAME, STATE_NAME, folder_of, is_interrupted
from model.training.failures import explained_failures, is_out_of_memory
from model.training.interrupted import discard, interrupted
from model.training.preview import predicted_m
from tests.support.events import as_json, into
from tests.support.paths import ROOT
from tests.support.scenes import SMALL, scene_recording
from tests.support.tiny import register
from tests.support.trainings import child, events_of, networks_of

pytestmark = [
    pytest.mark.trainer,
    pytest.mark.timeout(400),  # children that import TensorFlow, on a busy machine
]

Event = dict[str, Any]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    monkeypatch.setattr(progress, "EVENT_INTERVAL_S", 0.0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    scene_recording(folder, "first", 16, seed=1)
    scene_recording(folder, "last", 6, seed=2)
    return folder


@pytest.fixture
def config(dataset: Path, tmp_path: Path) -> TrainConfig:
    return TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), preset="tiny", seed=4, resumable=True, **SMALL)


class Asking:
    """Somebody who asks for an early end at one event of the training."""

    def __init__(self, when: Callable[[Event], bool]) -> None:
        self._when, self.events, self.asked = when, list[Event](), False

    def listen(self, event: trainer_events.Event) -> None:
        self.events.append(as_json(event))
        self.asked |= self._when(self.events[-1])

    def enough(self) -> bool:
        return self.asked

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["event"] == kind]


def at(stage: str, epoch: int, step: int) -> Callable[[Event], bool]:
    return lambda event: (event.get("stage"), event.get("epoch"), event.get("step")) == (stage, epoch, step)


def test_asked_in_the_last_task_it_ends_at_once_and_keeps_the_best(config: TrainConfig) -> None:
    person = Asking(at("finetune", 2, 1))
    out = train(config, person.listen, person.enough)
    assert person.of("asked") == [{"event": "asked", "early": False}]
    stages = person.events[-1]["report"]["stages"]
    assert [(s["ended"], s["epochs"]) for s in stages.values()] == [("epochs", 4), ("asked", 2)]
    assert stages["finetune"]["steps"] == 4 + 1, "the step at hand is the last"
    epochs = [event for event in person.of("epoch") if event["stage"] == "finetune"]
    assert stages["finetune"]["best_epoch"] == min(epochs, key=lambda e: e["held_out_loss"])["epoch"]
    assert Predictor(out, threads=1)
    assert not is_interrupted(out)


@pytest.mark.parametrize(("stage", "epoch"), [("gradient", 2), ("finetune", 1)])
def test_asked_too_early_every_network_still_gets_one_epoch(config: TrainConfig, stage: str, epoch: int) -> None:
    person = Asking(at(stage, epoch, 1))
    train(config, person.listen, person.enough)
    assert person.of("asked") == [{"event": "asked", "early": True}]
    stages = person.events[-1]["report"]["stages"]
    assert stages["finetune"]["ended"] == "asked"
    assert (stages["finetune"]["epochs"], stages["finetune"]["steps"]) == (1, 4), "one whole epoch"
    assert stages["gradient"]["epochs"] == (4 if stage == "finetune" else epoch)


def test_a_child_is_asked_by_a_second_line(config: TrainConfig) -> None:
    kinds = []
    with child(config, "none", 0, more=True) as process:
        assert process.stdin is not None
        for event in events_of(process):
            kinds.append(event["event"])
            if kinds.count("epoch") == 1 and "asked" not in kinds and not process.stdin.closed:
                process.stdin.write(f"{STOP_LINE}\n")
                process.stdin.close()
        assert process.wait(60) == 0
    assert kinds[-1] == "done"
    assert kinds.count("asked") == 1
    assert kinds.count("epoch") < 8


def test_each_epoch_of_the_depth_shows_the_prediction_for_one_frame(config: TrainConfig) -> None:
    person = Asking(lambda event: False)
    out = train(config, person.listen)
    epochs = person.of("epoch")
    assert [event["preview"] is None for event in epochs] == [True] * 4 + [False] * 4
    shown = [event["preview"] for event in epochs[4:]]
    held_out = Recording(shown[0]["recording"])
    assert {(each["recording"], each["frame"]) for each in shown} == {(str(held_out.path), 0)}
    assert held_out.info.name == "last"
    best = person.events[-1]["report"]["stages"]["finetune"]["best_epoch"]
    frame = held_out[0]
    expected = Predictor(out, threads=1)(frame.rgb, frame.intrinsics).depth_m
    assert predicted_m(trainer_events.Preview(**shown[best - 1])) == pytest.approx(expected, abs=0.01)
    assert len(json.dumps(shown)) < 200_000
    with pytest.raises(LidarliveError, match="preview must be a 16-bit PNG"):
        predicted_m(trainer_events.Preview(**{**shown[0], "depth_mm_png": "bm8="}))


def test_without_anything_held_out_the_preview_is_of_what_is_trained_on(config: TrainConfig) -> None:
    person = Asking(lambda event: False)
    train(replace(config, held_out=(), epochs=1), person.listen)
    assert Recording(person.of("epoch")[-1]["preview"]["recording"]).info.name == "first"


def test_full_memory_is_one_sentence(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    def listen(event: trainer_events.Event) -> None:
        if at("gradient", 2, 1)(as_json(event)):
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor\nwith shape[8,192]")

    sentence = r"^The training ran out of memory: close other programs, .*\. The finished epochs are kept"
    with pytest.raises(LidarliveError, match=sentence) as error:
        train(config, listen)
    assert "\n" not in str(error.value)
    discard(Path(config.out))
    with pytest.raises(LidarliveError, match=r"ran out of memory: .*\. Nothing was saved$"):
        train(replace(config, resumable=False), listen)
    assert is_out_of_memory(MemoryError())
    with pytest.raises(np.exceptions.AxisError), explained_failures(Path(config.out)):
        np.zeros(3).sum(axis=2)  # what is nobody's sentence stays what it is
    with pytest.raises(MemoryError) as much:
        np.zeros((1 << 50,), np.uint8)
    assert is_out_of_memory(much.value)
    assert not is_out_of_memory(cv2.error("size"))


def fill(disk: Path, free_bytes: int) -> None:
    """Leave so much free on it."""
    with open(disk / "filler", "wb") as file:
        file.write(b"\0" * (shutil.disk_usage(disk).free - free_bytes))


@pytest.mark.parametrize("stage", ["gradient", "converting"])
def test_a_full_disk_is_one_sentence(config: TrainConfig, small_disk: Path, stage: str) -> None:
    """While a checkpoint is written, and while the version is."""

    def listen(event: trainer_events.Event) -> None:
        progress = trainer_events.Progress
        if isinstance(event, progress) and (event.stage, event.epoch) in ((stage, 2), ("converting", 1)):
            (small_disk / "filler").exists() or fill(small_disk, 8192)

    full = replace(config, out=str(small_disk / "v"))
    with pytest.raises(
        LidarliveError, match=r"^.*/v cannot be written \(No space left on device\)\. The finished"
    ) as error:
        train(full, listen)
    assert "\n" not in str(error.value)
    assert not Path(full.out).exists()
    assert sorted(file.name for file in folder_of(Path(full.out)).iterdir() if file.is_file()) == ["lock", STATE_NAME]
    (small_disk / "filler").unlink()
    events: list[Event] = []
    train(replace(full, resume=True), into(events))
    assert sum(event["event"] == "epoch" for event in events) == (7 if stage == "gradient" else 0)
    assert Predictor(full.out, threads=1)


def test_a_training_that_was_interrupted_is_found_and_goes_on(config: TrainConfig, tmp_path: Path) -> None:
    class Enough(Exception):  # noqa: N818 - not an error
        pass

    def stop(event: trainer_events.Event) -> None:
        if at("finetune", 3, 1)(as_json(event)):
            raise Enough

    assert interrupted(tmp_path) == []
    with pytest.raises(Enough):
        train(config, stop)
    (found,) = interrupted(tmp_path)
    assert (found.task, found.epoch) == ("finetune", 2)
    assert found.config.resume
    assert found.config.held_out is not None
    assert [Path(path).name.split("_")[1] for path in found.config.held_out] == ["last"]
    assert {len(found.config.data), found.config.epochs, found.config.preset} == {2, 4, "tiny"}
    with FileLock(folder_of(Path(config.out)) / LOCK_NAME):
        assert interrupted(tmp_path) == [], "it is running"
        with pytest.raises(LidarliveError, match="is being trained"):
            discard(Path(config.out))
    events: list[Event] = []
    train(found.config, into(events))
    assert [(e["stage"], e["epoch"]) for e in events if e["event"] == "epoch"] == [("finetune", 3), ("finetune", 4)]
    assert interrupted(tmp_path) == []


def test_what_cannot_be_read_is_not_offered_and_can_be_discarded(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "v")
    folder.mkdir()
    (folder / STATE_NAME).write_bytes(b"torn")
    assert interrupted(tmp_path) == []
    discard(tmp_path / "v")
    discard(tmp_path / "v")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_when_the_parent_is_killed_the_child_ends_and_can_go_on(config: TrainConfig, tmp_path: Path) -> None:
    """As where the window crashes: nobody reads the events any more."""
    command = [sys.executable, "-c", PARENT, config.to_json()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        trainer = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    FileLock(folder_of(Path(config.out)) / LOCK_NAME).acquire(timeout=120).lock.release()
    (found,) = interrupted(tmp_path)
    assert (found.task, found.epoch) == ("gradient", 1)
    assert networks_of(train(found.config))
    with pytest.raises(ProcessLookupError):
        os.kill(trainer, 0)


PARENT = """
import json, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "tests.support.tiny", "gradient", "2", "1"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
child.stdin.write(sys.argv[1] + chr(10))
child.stdin.flush()
for line in child.stdout:
    event = json.loads(line)
    if event["event"] == "progress" and event["epoch"] == 2:
        print(child.pid, flush=True)
        time.sleep(600)
"""
