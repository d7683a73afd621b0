"""The panel with the user's recordings, in real Qt over real folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session.training_roles import HELD_OUT, TRAIN, read_roles
from app.widgets.recording_row import ROLE
from app.window.application import application
from app.window.recordings.panel import RecordingsPanel
from app.window.retrain.recordings_table import HELD_OUT as HELD_OUT_COLUMN
from app.window.retrain.recordings_table import TRAIN as TRAIN_COLUMN
from app.window.retrain.recordings_table import RecordingsTable, list_summaries
from capture.recording import Recording
from tests.support.frames import make_frame, write_recording

Key = Qt.Key
Panel = Callable[..., RecordingsPanel]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    frames = [make_frame(i) for i in range(3)]
    for number, name in enumerate(("desk", "door", "shelf")):
        write_recording(folder, name, frames).rename(folder / f"2026-01-0{number + 1}T10-00-00Z_{name}")
    return folder


@pytest.fixture
def panel(qtbot: QtBot, dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Panel]:
    application()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    (tmp_path / "share").mkdir()

    shown: list[RecordingsPanel] = []

    def panel(
        play: Callable[[str], None] = lambda path: None, in_use: Callable[[Path], str] = lambda path: ""
    ) -> RecordingsPanel:
        made = RecordingsPanel(dataset, play, in_use)
        qtbot.addWidget(made)
        shown.append(made)
        made.show()
        qtbot.waitUntil(lambda: made.list.count() == 3 or made.nothing.isVisible())
        return made

    yield panel
    for each in shown:
        each.shut_down()


def choose(panel: RecordingsPanel, row: int) -> None:
    panel.list.setCurrentRow(row)
    panel.list.setFocus()


def names(panel: RecordingsPanel) -> list[str]:
    items = (panel.list.item(row) for row in range(panel.list.count()))
    return [item.data(Qt.ItemDataRole.AccessibleTextRole) for item in items if item is not None]


def test_the_newest_comes_first_and_can_be_played(panel: Panel, qtbot: QtBot, dataset: Path):
    played: list[str] = []
    shown = panel(play=played.append)
    assert names(shown) == ["shelf", "door", "desk"]
    assert not shown.play_button.isEnabled()
    choose(shown, 1)
    assert shown.play_button.isEnabled()
    qtbot.keyClick(shown.list, Key.Key_Return)
    qtbot.mouseClick(shown.play_button, Qt.MouseButton.LeftButton)
    assert played == [str(dataset / "2026-01-02T10-00-00Z_door")] * 2


def test_a_recording_is_renamed_and_keeps_its_mark(panel: Panel, qtbot: QtBot, dataset: Path):
    shown = panel()
    choose(shown, 2)
    qtbot.keyClick(shown.list, Key.Key_T)
    qtbot.keyClick(shown.list, Key.Key_F2)
    assert shown.question.field.text() == "desk"
    qtbot.keyClicks(shown.question.field, "my desk")  # what was there is selected, and gives way
    qtbot.keyClick(shown.question.field, Key.Key_Return)
    qtbot.waitUntil(lambda: "my-desk" in names(shown))
    renamed = dataset / "2026-01-01T10-00-00Z_my-desk"
    assert Recording(renamed).info.name == "my-desk"
    qtbot.waitUntil(lambda: read_roles(dataset) == {renamed.name: TRAIN})
    assert not shown.question.isVisible()


def test_an_unfinished_question_does_nothing(panel: Panel, qtbot: QtBot, dataset: Path):
    shown = panel()
    choose(shown, 0)
    qtbot.keyClick(shown.list, Key.Key_Delete)
    assert shown.question.isVisible()
    qtbot.keyClick(shown.question, Key.Key_Escape)
    assert not shown.question.isVisible()
    assert len(list(dataset.iterdir())) == 3


def test_a_recording_goes_to_the_trash_after_a_question(panel: Panel, qtbot: QtBot, dataset: Path, tmp_path: Path):
    shown = panel()
    choose(shown, 0)
    qtbot.keyClick(shown.list, Key.Key_T)
    qtbot.mouseClick(shown.trash_button, Qt.MouseButton.LeftButton)
    assert shown.question.label.text() == "Move shelf to the trash?"
    assert (dataset / "2026-01-03T10-00-00Z_shelf").exists()
    qtbot.mouseClick(shown.question.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: names(shown) == ["door", "desk"])
    trashed = list(tmp_path.rglob("Trash*/files/*")) or list((tmp_path / "share").rglob("*shelf*"))
    assert len(Recording(trashed[0])) == 3  # nothing of it is lost
    qtbot.waitUntil(lambda: read_roles(dataset) == {})


def test_one_in_use_is_left_alone(panel: Panel, qtbot: QtBot):
    shown = panel(in_use=lambda path: "is being played" if "door" in path.name else "")
    choose(shown, 1)
    for key in (Key.Key_F2, Key.Key_Delete):
        with qtbot.waitSignal(shown.failed) as failed:
            qtbot.keyClick(shown.list, key)
        assert failed.args == ["door is being played"]
        assert not shown.question.isVisible()
    choose(shown, 0)
    qtbot.keyClick(shown.list, Key.Key_F2)
    assert shown.question.isVisible()


def test_marks_go_round_and_are_what_the_retrain_dialog_ticks(panel: Panel, qtbot: QtBot, dataset: Path):
    shown = panel()
    choose(shown, 0)
    seen = []
    for _ in range(3):
        qtbot.keyClick(shown.list, Key.Key_T)
        item = shown.list.currentItem()
        assert item is not None
        seen.append(item.data(ROLE))
    assert seen == [TRAIN, HELD_OUT, ""]
    qtbot.keyClick(shown.list, Key.Key_T)  # shelf: train
    choose(shown, 2)
    qtbot.mouseClick(shown.role_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(shown.role_button, Qt.MouseButton.LeftButton)  # desk: held out
    qtbot.waitUntil(lambda: len(read_roles(dataset)) == 2 and HELD_OUT in read_roles(dataset).values())
    table = RecordingsTable()
    qtbot.addWidget(table)
    table.show_recordings(list_summaries(dataset))
    assert [path.name[-5:] for path in table.ticked(TRAIN_COLUMN)] == ["_door", "shelf"]
    assert [path.name[-4:] for path in table.ticked(HELD_OUT_COLUMN)] == ["desk"]


def test_what_is_unmarked_is_held_out_only_where_nothing_else_is(qtbot: QtBot, dataset: Path, panel: Panel):
    shown = panel()
    choose(shown, 0)
    qtbot.keyClick(shown.list, Key.Key_T)  # the newest is to be trained on
    qtbot.waitUntil(lambda: len(read_roles(dataset)) == 1)
    table = RecordingsTable()
    qtbot.addWidget(table)
    table.show_recordings(list_summaries(dataset))
    assert [path.name[-4:] for path in table.ticked(HELD_OUT_COLUMN)] == ["door"]


def test_no_recordings_say_what_to_do(qtbot: QtBot, dataset: Path, panel: Panel):
    shutil.rmtree(dataset)
    assert panel().nothing.isVisible()


def test_a_problem_is_listed_and_cannot_be_played(qtbot: QtBot, dataset: Path, panel: Panel):
    (dataset / "2026-01-03T10-00-00Z_shelf" / "recording.json").write_text("{")
    shown = panel()
    choose(shown, 0)
    assert shown.selected is not None
    assert "recording.json" in shown.selected.problem
    assert not shown.play_button.isEnabled()
    assert not shown.role_button.isEnabled()
