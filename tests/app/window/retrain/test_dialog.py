"""Retrain: the pages of the dialog, and the trainer as a real child process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveSession
from app.window.application import application
from app.window.retrain import training_process as app_trainer
from app.window.retrain.dialog import RetrainDialog
from app.window.retrain.progress_page import progress_line
from app.window.retrain.recordings_table import HELD_OUT, TRAIN
from app.window.retrain.result_page import comparison_lines, figure_lines
from app.window.retrain.resume_banner import offer_line
from app.window.retrain.setup_page import duration
from capture import paths
from capture.sources.stand_in import StandInSource
from model import store
from model.config import ACTIVE, UNBOUNDED_EPOCHS
from model.events import Done, Epoch, Event, Progress, Started
from model.preset_facts import PRESETS
from model.report import Difference, Measured, Metre, MetreErrors, PairedFigures, Report, Verdict, VersionComparison
from tests.support.frames import make_frame, write_recording
from tests.support.paths import ROOT
from tests.support.tiny_facts import NAME, TINY_FACTS

WAIT_MS = 300_000  # a trainer of low priority on a busy machine
Left = Qt.MouseButton.LeftButton


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two recordings of 8 frames that have nothing in common."""
    for name, first in (("kitchen", 0), ("garden", 100)):
        frames = [make_frame(first + i, rgb_size=(60, 80), depth_size=(48, 64)) for i in range(8)]
        write_recording(tmp_path / "recordings", name, frames)
    return tmp_path / "recordings"


@pytest.fixture(autouse=True)
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window offers it besides."""
    monkeypatch.setitem(PRESETS, NAME, TINY_FACTS)


@pytest.fixture
def dialog(qtbot: QtBot, dataset: Path) -> Iterator[RetrainDialog]:
    """Open over a session that was not started: retraining needs no phone."""
    application()
    session = LiveSession(StandInSource(str(dataset), "recordings", loop=True), dataset)
    shown = RetrainDialog(session, dataset)
    qtbot.addWidget(shown)
    shown.open_again()
    qtbot.waitUntil(lambda: len(shown.choice.table.summaries) > 0, timeout=WAIT_MS)
    yield shown
    shown.shut_down()
    shown.finish()
    session.close()


@pytest.fixture
def tiny(dialog: RetrainDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dialog is about to train networks that take seconds, from nothing."""
    monkeypatch.setattr(app_trainer, "MODULE", "tests.support.tiny")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    dialog.choice.from_box.setCurrentText("nothing")
    dialog.choice.preset_box.setCurrentText(NAME)


def names(paths: list[Path]) -> list[str]:
    return sorted(path.name.split("_")[1] for path in paths)


def trainers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if app_trainer.MODULE in child.cmdline()]


def test_what_is_ticked_and_chosen_becomes_the_training(dialog: RetrainDialog) -> None:
    page = dialog.choice
    assert names(page.table.ticked(TRAIN) + page.table.ticked(HELD_OUT)) == ["garden", "kitchen"]
    assert "one recording that the training never sees" in page.about.text()
    config = page.config()
    assert set(config.data) == {str(summary.path) for summary in page.table.summaries}
    assert config.held_out == tuple(map(str, page.table.ticked(HELD_OUT)))
    assert Path(config.out).parent == paths.weights_folder()
    assert (config.continue_from, config.preset, config.budget_minutes) == (ACTIVE, None, 5)
    assert config.resumable
    assert not page.preset_box.isEnabled()
    page.from_box.setCurrentText("nothing")
    page.preset_box.setCurrentText("original")
    page.minutes_box.setCurrentText("until it stops improving")
    config = page.config()
    assert (config.continue_from, config.preset, config.budget_minutes) == (None, "original", None)
    assert config.recipe.epochs < UNBOUNDED_EPOCHS


def test_the_choice_is_looked_at_before_it_starts(qtbot: QtBot, dialog: RetrainDialog) -> None:
    page = dialog.choice
    qtbot.waitUntil(lambda: page.estimate.text() != "", timeout=WAIT_MS)
    assert page.estimate.text().startswith("It will take about ")
    for row in range(2):
        page.table.tick(row, TRAIN)
    assert "will not be validated" in page.about.text()
    qtbot.waitUntil(lambda: page.findings.text() != "", timeout=WAIT_MS)
    assert page.config().held_out == ()
    for row in range(2):
        page.table.tick(row, TRAIN, ticked=False)
    assert not page.start_button.isEnabled()


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("tiny")
def test_training_through_the_dialog_to_the_weights_in_use_and_back(qtbot: QtBot, dialog: RetrainDialog) -> None:
    events: list[Event] = []
    ended: list[str] = []
    before = store.active()
    dialog.trainer.event_received.connect(events.append)
    dialog.trainer.ended.connect(ended.append)
    dialog.choice.minutes_box.setItemData(0, 0.05)  # a few steps
    config = dialog.choice.config()
    qtbot.mouseClick(dialog.choice.start_button, Left)
    dialog.start(config)  # a second click starts nothing
    assert dialog.pages.currentWidget() is dialog.progress
    qtbot.waitUntil(lambda: bool(events), timeout=WAIT_MS)  # only a child that runs has its own command line
    assert len(trainers()) == 1
    dialog.close()  # hides it; the training goes on and its end shows it again
    qtbot.waitUntil(lambda: bool(ended), timeout=WAIT_MS)
    assert ended == [""], dialog.errors.text
    kinds = [type(event) for event in events]
    assert (kinds[0], kinds[-1]) == (Started, Done)
    assert dialog.progress.plot.epochs == kinds.count(Epoch) >= 2
    assert dialog.progress.predicted.has_picture
    qtbot.waitUntil(lambda: dialog.progress.rgb.has_picture, timeout=WAIT_MS)
    assert dialog.isVisible()
    assert dialog.pages.currentWidget() is dialog.outcome
    done = events[-1]
    assert isinstance(done, Done)
    assert done.report.comparison is not None
    assert dialog.outcome.verdict.text() == done.report.comparison.verdict.sentence
    assert dialog.outcome.table.rowCount() >= 4
    assert store.active() == before, "training activates nothing"

    qtbot.mouseClick(dialog.outcome.use_button, Left)
    qtbot.waitUntil(lambda: dialog.notes.text == f"In use: {Path(done.weights).name}", timeout=WAIT_MS)
    assert str(store.active()) == done.weights
    qtbot.mouseClick(dialog.outcome.back_button, Left)
    qtbot.waitUntil(dialog.outcome.keep_button.isVisible, timeout=WAIT_MS)
    assert store.active() == before
    qtbot.mouseClick(dialog.outcome.keep_button, Left)
    assert dialog.pages.currentWidget() is dialog.choice


@pytest.mark.usefixtures("tiny")
def test_cancel_asks_ends_the_child_and_saves_nothing(qtbot: QtBot, dialog: RetrainDialog) -> None:
    qtbot.mouseClick(dialog.choice.start_button, Left)
    with qtbot.waitSignal(dialog.trainer.event_received, timeout=WAIT_MS):
        pass
    qtbot.mouseClick(dialog.progress.cancel_button, Left)
    assert dialog.progress.ask.isVisible()
    with qtbot.waitSignal(dialog.trainer.ended, timeout=WAIT_MS) as ended:
        qtbot.mouseClick(dialog.progress.ask.yes, Left)
    assert ended.args == ["Cancelled: nothing was saved"]
    assert dialog.errors.text == ended.args[0]
    assert dialog.pages.currentWidget() is dialog.choice
    assert set(store.versions()) <= {store.starter()}
    assert not dialog.offer.isVisible()


@pytest.mark.trainer
def test_what_the_trainer_says_is_wrong_is_shown(qtbot: QtBot, dialog: RetrainDialog) -> None:
    config = dialog.choice.config()
    for summary in dialog.choice.table.summaries:
        (summary.path / "frames.jsonl").write_text("torn\n")
    with qtbot.waitSignal(dialog.trainer.ended, timeout=WAIT_MS) as ended:
        dialog.start(config)
    (message,) = ended.args
    assert "frames.jsonl" in message
    assert dialog.errors.text == message
    assert "Traceback" not in message
    assert dialog.pages.currentWidget() is dialog.choice


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("tiny")
def test_a_child_that_is_killed_can_go_on(qtbot: QtBot, dialog: RetrainDialog) -> None:
    epochs: list[Event] = []
    dialog.trainer.event_received.connect(lambda event: epochs.append(event) if isinstance(event, Epoch) else None)
    dialog.start(dialog.choice.config())
    qtbot.waitUntil(lambda: len(epochs) >= 2, timeout=WAIT_MS)  # the checkpoint of the first is there
    trainers()[0].kill()
    qtbot.waitUntil(lambda: dialog.offer.isVisible(), timeout=WAIT_MS)
    assert dialog.errors.text
    assert "was interrupted" in dialog.offer.label.text()
    dialog.trainer.event_received.connect(lambda event: epochs.append(event) if isinstance(event, Started) else None)
    qtbot.mouseClick(dialog.offer.resume_button, Left)
    qtbot.waitUntil(lambda: isinstance(epochs[-1], Started), timeout=WAIT_MS)
    assert epochs[-1].resumed
    dialog.trainer.shut_down()
    dialog.open_again()
    qtbot.waitUntil(lambda: dialog.offer.isVisible(), timeout=WAIT_MS)
    qtbot.mouseClick(dialog.offer.discard_button, Left)
    qtbot.waitUntil(lambda: not dialog.offer.isVisible(), timeout=WAIT_MS)
    with qtbot.waitSignal(dialog.listed, timeout=WAIT_MS):
        dialog.open_again()
    assert not dialog.offer.isVisible()


@pytest.mark.usefixtures("tiny")
def test_shutting_down_leaves_no_child(qtbot: QtBot, dialog: RetrainDialog) -> None:
    dialog.start(dialog.choice.config())
    qtbot.waitUntil(lambda: dialog.trainer.running, timeout=WAIT_MS)
    dialog.trainer.shut_down()
    assert not trainers()


def test_an_empty_folder_says_what_to_do(qtbot: QtBot, tmp_path: Path) -> None:
    application()
    session = LiveSession(StandInSource("demo", "Demo room", loop=True), tmp_path)
    dialog = RetrainDialog(session, tmp_path / "recordings")
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(dialog.listed, timeout=WAIT_MS):
        dialog.open_again()
    assert "press Record" in dialog.choice.about.text()
    assert not dialog.choice.start_button.isEnabled()
    dialog.shut_down()
    session.close()


def test_progress_in_words() -> None:
    event = Progress("finetune", 0.5, epoch=3, epochs=20, images_per_s=44.6, eta_s=312.0)
    assert progress_line(event) == "Both networks, epoch 3 of 20, 44.6 images/s, about 5 min left"
    assert progress_line(Progress("converting", 0.9, eta_s=4.2)).endswith("about 4 s left")
    assert progress_line(Progress("converting", 0.9)) == "Converting the networks and measuring them"
    rooms = Progress("rooms", 0.0, step=3, steps=12)
    assert progress_line(rooms) == "Rendering rooms to train on as well, once: 3 of 12"
    assert (duration(89), duration(600)) == ("about 89 s", "about 10 min")


def test_a_comparison_as_a_table() -> None:
    def figures(rmse_m: float) -> Measured:
        return Measured({}, {"near": {"abs_rel": 0.1, "rmse_m": rmse_m, "delta1": 0.9, "edge_f1": None}})

    nothing = Difference(None, None)
    near = {"abs_rel": nothing, "delta1": nothing, "edge_f1": nothing, "rmse_m": Difference(-0.2, (-0.3, -0.1))}
    metre = Metre(1, 0.25, MetreErrors(0.5, 0.1), MetreErrors(0.25, 0.1))
    data = PairedFigures(1, figures(0.4), figures(0.2), {"near": near}, [metre])
    verdict = Verdict("undecided", recommended=False, forgotten=False, sentence="")
    alone = VersionComparison("old", "new", data, None, [], [], [], verdict)
    lines = comparison_lines(alone)
    assert ("RMSE, m, held out", "0.400", "0.200", "-0.200", "-0.300 to -0.100") in lines
    assert ("edge F1, held out", "–", "–", "–", "") in lines
    assert lines[-1] == ("RMSE, m, at 1 to 2 m (25%)", "0.500", "0.250", "-0.250", "")
    with_rooms = comparison_lines(replace(alone, rooms=data))
    assert ("RMSE, m, other rooms", "0.400", "0.200", "-0.200", "-0.300 to -0.100") in with_rooms
    unvalidated = Report(weights="new", all=figures(0.4).all, validated=False)
    assert figure_lines(unvalidated)[1] == ("RMSE, m, trained on", "", "0.400", "", "")


def test_an_interrupted_training_in_words() -> None:
    from datetime import UTC, datetime

    from model.config import TrainConfig
    from model.training.interrupted import Interrupted

    config = TrainConfig(data=("/r/desk", "/r/door"), out="/w/x", held_out=("/r/door",))
    line = offer_line(Interrupted(config, "finetune", 3, datetime(2026, 11, 26, 12, tzinfo=UTC)))
    assert line.startswith("A training on desk was interrupted on 26 Nov, ")
    assert line.endswith("after epoch 3 of the finetune network.")
