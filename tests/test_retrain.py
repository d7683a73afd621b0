"""Retrain: the list of recordings, the trainer as a real child process, and the offer of new weights."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PyQt5.QtCore import QProcess, Qt
from pytestqt.qtbot import QtBot

from app.live import LiveSession
from app.recording_table import HELD_OUT, TRAIN, Choice, RecordingTable, list_recordings
from app.retrain import RetrainDialog, progress_line, result_text
from app.trainer import NICENESS, Trainer
from app.window import application
from capture.playback import PlaybackSource
from capture.writer import RecordingWriter
from model import store
from model.config import TrainConfig
from tests.frames import make_frame, write_recording

WAIT_MS = 300_000  # a trainer of low priority on a busy machine


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two recordings of 8 frames that have nothing in common."""
    for name, first in (("kitchen", 0), ("garden", 100)):
        frames = [make_frame(first + i, rgb_size=(60, 80), depth_size=(48, 64)) for i in range(8)]
        write_recording(tmp_path / "recordings", name, frames)
    return tmp_path / "recordings"


@pytest.fixture
def dialog(qtbot: QtBot, dataset: Path) -> Iterator[RetrainDialog]:
    """Open over a session that was not started: retraining needs no phone."""
    application()
    session = LiveSession(PlaybackSource(str(dataset), "recordings", loop=True), dataset)
    shown = RetrainDialog(session, dataset)
    qtbot.addWidget(shown)
    shown.open_again()
    qtbot.waitUntil(lambda: len(shown.table.choices) > 0, timeout=WAIT_MS)
    yield shown
    shown.shut_down()


def names(paths: list[Path]) -> list[str]:
    return sorted(path.name.split("_")[1] for path in paths)


def test_recordings_are_listed_with_what_is_wrong_with_them(dataset: Path) -> None:
    broken = dataset / "2000-01-01T00-00-00Z_broken"
    broken.mkdir()
    (broken / "recording.json").write_text("{")
    with RecordingWriter(dataset, "zoo", source="test") as writer:
        from capture.encoding import encode

        writer.append(encode(make_frame(0), None))
        choices = {choice.path.name.split("_")[1]: choice for choice in list_recordings(dataset)}
    assert [choice.path.name for choice in choices.values()] == sorted(c.path.name for c in choices.values())
    assert choices["zoo"].problem == "being recorded"
    assert "recording.json" in choices["broken"].problem
    assert (choices["kitchen"].frames, choices["kitchen"].problem) == (8, "")
    assert choices["kitchen"].seconds == pytest.approx(7 / 60, abs=0.001)
    assert list_recordings(dataset / "nowhere") == []


def test_the_newest_is_held_out_where_there_are_two(dialog: RetrainDialog) -> None:
    assert names(dialog.table.ticked(TRAIN) + dialog.table.ticked(HELD_OUT)) == ["garden", "kitchen"]
    assert dialog.table.ticked(HELD_OUT) == [max(choice.path for choice in dialog.table.choices)]
    assert "one recording that the training never sees" in dialog.about.text()
    config = dialog.config()
    assert set(config.data) == {str(choice.path) for choice in dialog.table.choices}
    assert config.held_out == tuple(map(str, dialog.table.ticked(HELD_OUT)))
    assert Path(config.out).parent == store.weights_folder()


def test_one_recording_is_trained_on_and_nothing_validates(qtbot: QtBot) -> None:
    table = RecordingTable()
    qtbot.addWidget(table)
    table.show_choices([Choice(Path("/a"), 9, 1.0), Choice(Path("/b"), problem="no frames")])
    assert (table.ticked(TRAIN), table.ticked(HELD_OUT)) == ([Path("/a")], [])
    assert not table.item(1, TRAIN).flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert table.item(1, 2).toolTip() == "no frames"


def test_a_recording_is_never_on_both_sides(dialog: RetrainDialog) -> None:
    for row in range(2):
        dialog.table.tick(row, HELD_OUT)
    assert dialog.table.ticked(TRAIN) == []
    assert not dialog.start_button.isEnabled()
    for row in range(2):
        dialog.table.tick(row, TRAIN)
    assert dialog.table.ticked(HELD_OUT) == []
    assert "will not be validated" in dialog.about.text()
    assert dialog.config().held_out == ()


@pytest.mark.timeout(400)
def test_training_through_the_dialog_to_the_weights_in_use(qtbot: QtBot, dialog: RetrainDialog) -> None:
    events: list[dict] = []
    before = store.active()
    dialog.trainer.told.connect(events.append)
    dialog.epochs.setValue(1)
    ended: list[str] = []
    dialog.trainer.ended.connect(ended.append)
    qtbot.mouseClick(dialog.start_button, Qt.MouseButton.LeftButton)
    dialog.start()  # a second click starts nothing
    assert not dialog.start_button.isEnabled()
    qtbot.waitUntil(lambda: bool(events), timeout=WAIT_MS)  # only a child that runs has its own command line
    children = [child for child in psutil.Process().children() if "model.train" in child.cmdline()]
    assert len(children) == 1
    if sys.platform != "win32":
        assert children[0].nice() >= NICENESS
    dialog.close()  # hides it; the training goes on and its end shows it again
    qtbot.waitUntil(lambda: bool(ended), timeout=WAIT_MS)
    assert ended == [""], dialog.message.text
    kinds = [event["event"] for event in events]
    assert kinds[0] == "started"
    assert kinds[-1] == "done"
    assert {"progress", "epoch"} <= set(kinds)
    assert dialog.isVisible()
    assert dialog.offer.isVisible()
    assert "On the held-out recordings" in dialog.result_text.text()
    assert store.active() == before, "training activates nothing"
    qtbot.mouseClick(dialog.use_button, Qt.MouseButton.LeftButton)
    active = store.active()
    assert active is not None
    assert str(active) == events[-1]["weights"]
    assert not dialog.offer.isVisible()


def test_cancel_ends_the_child_and_saves_nothing(qtbot: QtBot, dialog: RetrainDialog) -> None:
    qtbot.mouseClick(dialog.start_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(dialog.trainer.told, timeout=WAIT_MS):
        pass
    with qtbot.waitSignal(dialog.trainer.ended, timeout=WAIT_MS) as ended:
        qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert ended.args == ["Cancelled: nothing was saved"]
    assert dialog.start_button.isEnabled()
    assert not dialog.progress.isVisible()
    assert set(store.versions()) <= {store.starter()}


def test_what_the_trainer_says_is_wrong_is_shown(qtbot: QtBot, dialog: RetrainDialog) -> None:
    for choice in dialog.table.choices:
        (choice.path / "frames.jsonl").write_text("torn\n")
    with qtbot.waitSignal(dialog.trainer.ended, timeout=WAIT_MS) as ended:
        dialog.start()
    (message,) = ended.args
    assert "frames.jsonl" in message
    assert dialog.message.text == message
    assert "Traceback" not in message
    assert dialog.start_button.isEnabled()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_child_that_is_killed_is_one_clear_line(qtbot: QtBot, dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer()
    with qtbot.waitSignal(trainer.told, timeout=WAIT_MS):
        trainer.start(TrainConfig(data=(str(dataset),), out=str(tmp_path / "out")))
    (child,) = trainer.findChildren(QProcess)
    with qtbot.waitSignal(trainer.ended, timeout=WAIT_MS) as ended:
        os.kill(child.processId(), signal.SIGKILL)
    assert ended.args[0].startswith("The trainer was killed by the system")
    assert "\n" not in ended.args[0]
    assert not trainer.running


def test_shutting_down_leaves_no_child(qtbot: QtBot, dialog: RetrainDialog) -> None:
    dialog.start()
    qtbot.waitUntil(lambda: dialog.trainer.running, timeout=WAIT_MS)
    assert dialog.warn_once_if_running()
    assert not dialog.warn_once_if_running()
    dialog.trainer.shut_down()
    assert not [child for child in psutil.Process().children() if "model.train" in child.cmdline()]


def test_an_empty_folder_says_what_to_do(qtbot: QtBot, tmp_path: Path) -> None:
    application()
    session = LiveSession(PlaybackSource("demo", "Demo room", loop=True), tmp_path)
    dialog = RetrainDialog(session, tmp_path / "recordings")
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(dialog.listed, timeout=WAIT_MS):
        dialog.open_again()
    assert "press Record" in dialog.about.text()
    assert not dialog.start_button.isEnabled()
    dialog.shut_down()


def test_progress_and_figures_in_words() -> None:
    event = {"stage": "finetune", "epoch": 3, "epochs": 20, "images_per_s": 44.6, "eta_s": 312.0}
    assert progress_line(event) == "Finetune network, epoch 3 of 20, 44.6 images/s, about 5 min left"
    assert progress_line({"stage": "converting", "eta_s": 4.2}).endswith("about 4 s left")
    assert progress_line({"stage": "converting"}) == "Converting the networks and measuring them"
    rooms = {"stage": "rooms", "step": 3, "steps": 12}
    assert progress_line(rooms) == "Rendering rooms to train on besides, once: 3 of 12"
    after = {"rmse_m": 0.214, "abs_rel": 0.081}
    report = {"validated": True, "all": {"near": after}}
    assert result_text("v2", report).endswith("RMSE 0.214 m, AbsRel 0.081")
    report["before"] = {"near": {"rmse_m": 0.4, "abs_rel": None}}
    assert result_text("v2", report).endswith("RMSE 0.400 → 0.214 m, AbsRel 0.081")
    assert "Not validated" in result_text("v2", {"validated": False, "all": {"near": after}})
