"""What the Retrain dialog offers where nothing fair judges the result: each with one press."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveSession
from app.window.application import application
from app.window.retrain import training_process as app_trainer
from app.window.retrain.dialog import RetrainDialog
from app.window.retrain.recordings_table import HELD_OUT, LAST_FIFTH, TRAIN
from capture.sources.stand_in import StandInSource
from model.events import Event, Started
from model.preset_facts import PRESETS
from model.report import SAME_WALK
from model.training.preflight import preflight
from tests.support.paths import ROOT
from tests.support.scenes import walked_recording
from tests.support.tiny_facts import NAME, TINY_FACTS

WAIT_MS = 300_000
Left = Qt.MouseButton.LeftButton
Open = Callable[[], RetrainDialog]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def open_dialog(qtbot: QtBot, recordings: Path) -> Iterator[Open]:
    """Open over a session that was not started, once its first check has ended."""
    application()
    session = LiveSession(StandInSource("demo", "Demo room", loop=True), recordings)
    dialogs: list[RetrainDialog] = []

    def opened() -> RetrainDialog:
        dialogs.append(RetrainDialog(session, recordings))
        qtbot.addWidget(dialogs[-1])
        dialogs[-1].open_again()
        qtbot.waitUntil(lambda: dialogs[-1].choice.table.summaries != [], timeout=WAIT_MS)
        checked(qtbot, dialogs[-1])
        return dialogs[-1]

    yield opened
    for dialog in dialogs:
        dialog.shut_down()
    session.close()


def checked(qtbot: QtBot, dialog: RetrainDialog) -> None:
    """Wait until the current choice has been looked at."""
    qtbot.waitUntil(lambda: dialog.choice.estimate.text() != "", timeout=WAIT_MS)


def copied(recording: Path) -> Path:
    copy = recording.parent / "2030-01-01T00-00-00Z_copy"
    shutil.copytree(recording, copy)
    return copy


def test_one_recording_is_judged_on_its_last_fifth_with_one_press(
    qtbot: QtBot, recordings: Path, open_dialog: Open
) -> None:
    walk = walked_recording(recordings, "walk")
    dialog = open_dialog()
    page, bar = dialog.choice, dialog.choice.remedies
    assert bar.isVisible()
    assert bar.record_button.isVisible()
    assert not bar.hold_out_button.isVisible()
    assert bar.label.text().endswith(f"the last fifth of {walk.name} ({SAME_WALK}).")
    assert page.config().last_fifth is False, "nothing is divided unasked in the window"

    qtbot.mouseClick(bar.fifth_button, Left)
    assert page.about.text() == f"The result is judged on the last fifth of {walk.name} ({SAME_WALK})."
    checked(qtbot, dialog)
    assert page.start_button.isEnabled()
    config = page.config()
    assert (config.data, config.held_out, config.last_fifth) == ((str(walk),), (), True)
    (announced,) = [finding.text for finding in preflight(config) if finding.unjudged]
    assert announced in page.findings.text()
    item = page.table.item(0, HELD_OUT)
    assert item is not None
    assert (item.text(), item.checkState()) == (LAST_FIFTH, Qt.CheckState.PartiallyChecked)
    assert not bar.fifth_button.isVisible()

    qtbot.mouseClick(bar.undo_button, Left)
    checked(qtbot, dialog)
    assert page.config().last_fifth is False
    assert (item.text(), item.checkState()) == ("", Qt.CheckState.Unchecked)
    assert bar.fifth_button.isVisible()


def test_recordings_that_overlap_start_after_one_press(qtbot: QtBot, recordings: Path, open_dialog: Open) -> None:
    walk = walked_recording(recordings, "walk", 60)
    copy = copied(walk)
    dialog = open_dialog()
    page, bar = dialog.choice, dialog.choice.remedies
    assert not page.start_button.isEnabled()
    assert f"Of the held-out {copy.name}, 60 of 60 frames are in {walk.name} too" in page.findings.text()
    assert str(recordings) not in page.findings.text()
    assert "cannot be judged like this" in page.about.text()
    qtbot.mouseClick(bar.fifth_button, Left)
    checked(qtbot, dialog)
    assert page.start_button.isEnabled()
    (trained,) = page.table.ticked(TRAIN)
    assert page.config().data == (str(trained),)
    assert page.table.ticked(HELD_OUT) == []


def test_a_recording_that_shares_nothing_is_held_out_with_one_press(
    qtbot: QtBot, recordings: Path, open_dialog: Open
) -> None:
    kitchen, walk = walked_recording(recordings, "kitchen", 20, seed=1), walked_recording(recordings, "walk", seed=2)
    copy = copied(walk)
    dialog = open_dialog()
    page, bar = dialog.choice, dialog.choice.remedies
    assert page.table.ticked(HELD_OUT) == [copy]
    assert not page.start_button.isEnabled()
    assert not bar.fifth_button.isVisible()
    assert bar.label.text().startswith(f"{kitchen.name} has no frame of the others")
    qtbot.mouseClick(bar.hold_out_button, Left)
    checked(qtbot, dialog)
    assert page.table.ticked(HELD_OUT) == [kitchen]
    assert sorted(page.table.ticked(TRAIN)) == sorted([walk, copy])
    assert page.start_button.isEnabled()
    assert bar.isHidden()


def test_ticks_by_hand_end_the_judgement_on_the_last_fifth(qtbot: QtBot, recordings: Path, open_dialog: Open) -> None:
    walk, other = walked_recording(recordings, "walk"), walked_recording(recordings, "other", 12, seed=5)
    dialog = open_dialog()
    page = dialog.choice
    for tick in (
        lambda: page.table.tick([each.path for each in page.table.summaries].index(other), TRAIN),
        lambda: page.table.tick([each.path for each in page.table.summaries].index(other), HELD_OUT),
        lambda: page.table.tick([each.path for each in page.table.summaries].index(walk), HELD_OUT),
    ):
        page.judge_on_last_fifth(walk)
        assert page.config().last_fifth is True
        tick()
        page.table.tick([each.path for each in page.table.summaries].index(other), TRAIN)
        assert page.config().last_fifth is False
        assert "last fifth" not in page.about.text()
        texts = [page.table.item(row, HELD_OUT) for row in range(2)]
        assert [item.text() for item in texts if item is not None] == ["", ""]


def test_a_walk_that_cannot_be_divided_can_only_be_recorded_again(
    qtbot: QtBot, recordings: Path, open_dialog: Open
) -> None:
    walked_recording(recordings, "short", 12)
    bar = open_dialog().choice.remedies
    assert bar.record_button.isVisible()
    assert not bar.fifth_button.isVisible()
    assert bar.label.text() == "To have the result judged, record a second walk."


def test_recordings_of_two_walks_need_no_remedy(recordings: Path, open_dialog: Open) -> None:
    for seed, name in enumerate(("walk", "garden")):
        walked_recording(recordings, name, 20, seed=seed)
    page = open_dialog().choice
    assert page.remedies.isHidden()
    assert page.start_button.isEnabled()


def test_a_second_recording_is_asked_for_and_will_be_held_out(
    qtbot: QtBot, recordings: Path, open_dialog: Open
) -> None:
    walk = walked_recording(recordings, "walk")
    copied(walk)
    dialog = open_dialog()
    with qtbot.waitSignal(dialog.record, timeout=WAIT_MS) as asked:
        qtbot.mouseClick(dialog.choice.remedies.record_button, Left)
    assert asked.args == [""], "what the recordings are of is not the demo room"
    assert dialog.isHidden()
    assert len(dialog.choice.table.ticked(TRAIN)) == 2
    second = walked_recording(recordings, "second", 20, seed=5)
    with qtbot.waitSignal(dialog.listed, timeout=WAIT_MS):
        dialog.open_again()
    checked(qtbot, dialog)
    assert dialog.choice.table.ticked(HELD_OUT) == [second]
    assert dialog.choice.start_button.isEnabled()


@pytest.mark.trainer
@pytest.mark.timeout(600)
def test_a_training_judged_on_its_last_fifth_is_labelled_on_every_page(
    qtbot: QtBot, recordings: Path, open_dialog: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, NAME, TINY_FACTS)
    monkeypatch.setattr(app_trainer, "MODULE", "tests.support.tiny")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    walk = walked_recording(recordings, "walk")
    dialog = open_dialog()
    qtbot.mouseClick(dialog.choice.remedies.fifth_button, Left)
    dialog.choice.from_box.setCurrentText("nothing")
    dialog.choice.preset_box.setCurrentText(NAME)
    dialog.choice.minutes_box.setItemData(0, 0.05)
    checked(qtbot, dialog)
    events: list[Event] = []
    dialog.trainer.event_received.connect(events.append)
    with qtbot.waitSignal(dialog.trainer.ended, timeout=WAIT_MS) as ended:
        qtbot.mouseClick(dialog.choice.start_button, Left)
        qtbot.waitUntil(lambda: bool(events), timeout=WAIT_MS)
        assert dialog.progress.judged.isVisible()
        assert dialog.progress.judged.text() == f"Judged on the last fifth of {walk.name}. {SAME_WALK.capitalize()}."
        assert "same walk" in dialog.progress.plot.plots[1].titleLabel.text
    assert ended.args == [""]
    assert isinstance(events[0], Started)
    assert (events[0].train, events[0].held_out) == ({walk.name: 31}, {walk.name: 10}), "as the page announced"
    page = dialog.outcome
    assert page.same_walk.isVisible()
    assert page.same_walk.text().startswith(SAME_WALK.capitalize())
    assert page.verdict.text().endswith(f"({SAME_WALK}).")
    cells = [page.table.item(row, 0) for row in range(4)]
    assert all(item is not None and item.text().endswith("same walk") for item in cells)
    assert page.use_button.text() == "Use", "never recommended"


def test_the_label_goes_with_the_next_training(qtbot: QtBot, recordings: Path, open_dialog: Open) -> None:
    walked_recording(recordings, "walk")
    dialog = open_dialog()
    started = Started({"a": 1}, {"a": 1}, NAME, 1, None, False, [], same_walk=True)
    dialog.pages.setCurrentWidget(dialog.progress)
    dialog.progress.show_event(started)
    assert dialog.progress.judged.isVisible()
    dialog.progress.begin()
    dialog.progress.show_event(replace(started, same_walk=False))
    assert not dialog.progress.judged.isVisible()
    assert dialog.progress.plot.plots[1].titleLabel.text == "Held-out RMSE, m"
