"""The list of recordings to tick in the Retrain dialog."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session import training_roles
from app.session.recording_summary import RecordingSummary
from app.window.application import application
from app.window.retrain.recordings_table import HELD_OUT, TRAIN, RecordingsTable, list_summaries, reach
from capture.storage.encoding import encode
from capture.storage.writer import RecordingWriter
from tests.support.frames import make_frame, write_recording


@pytest.fixture
def table(qtbot: QtBot) -> RecordingsTable:
    application()
    table = RecordingsTable()
    qtbot.addWidget(table)
    return table


def recording(folder: Path, name: str, problem: str = "") -> RecordingSummary:
    return RecordingSummary(folder / name, name, frames=0 if problem else 9, problem=problem)


def test_recordings_are_listed_with_what_is_wrong_with_them(tmp_path: Path) -> None:
    write_recording(tmp_path, "kitchen", [make_frame(i) for i in range(8)])
    broken = tmp_path / "2000-01-01T00-00-00Z_broken"
    broken.mkdir()
    (broken / "recording.json").write_text("{")
    with RecordingWriter(tmp_path, "zoo", source="test") as writer:
        writer.append(encode(make_frame(0), None))
        found = {each.path.name.split("_")[1]: each for each in list_summaries(tmp_path)}
    assert [each.path.name for each in found.values()] == sorted(each.path.name for each in found.values())
    assert found["zoo"].problem == "being recorded"
    assert "recording.json" in found["broken"].problem
    assert (found["kitchen"].frames, found["kitchen"].problem) == (8, "")
    assert found["kitchen"].seconds == pytest.approx(7 / 60, abs=0.001)
    assert list_summaries(tmp_path / "nowhere") == []


def test_the_newest_is_held_out_where_there_are_two(table: RecordingsTable, tmp_path: Path) -> None:
    table.show_recordings([recording(tmp_path, name) for name in "abc"])
    assert (table.ticked(TRAIN), table.ticked(HELD_OUT)) == ([tmp_path / "a", tmp_path / "b"], [tmp_path / "c"])


def test_one_recording_is_trained_on_and_a_broken_one_cannot_be_ticked(table: RecordingsTable, tmp_path: Path) -> None:
    table.show_recordings([recording(tmp_path, "a"), recording(tmp_path, "b", problem="no frames")])
    assert (table.ticked(TRAIN), table.ticked(HELD_OUT)) == ([tmp_path / "a"], [])
    item = table.item(1, TRAIN)
    assert item is not None
    assert not item.flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert item.toolTip().endswith("no frames")


def test_a_recording_is_never_on_both_sides(table: RecordingsTable, tmp_path: Path) -> None:
    table.show_recordings([recording(tmp_path, name) for name in "ab"])
    for row in range(2):
        table.tick(row, HELD_OUT)
    assert table.ticked(TRAIN) == []
    for row in range(2):
        table.tick(row, TRAIN)
    assert table.ticked(HELD_OUT) == []


def test_marks_are_ticked_and_a_person_s_ticks_stay(table: RecordingsTable, tmp_path: Path) -> None:
    training_roles.write_role(tmp_path / "a", training_roles.HELD_OUT)
    training_roles.write_role(tmp_path / "c", training_roles.TRAIN)
    found = [recording(tmp_path, name) for name in "abc"]
    table.show_recordings(found)
    assert (table.ticked(TRAIN), table.ticked(HELD_OUT)) == ([tmp_path / "b", tmp_path / "c"], [tmp_path / "a"])
    table.tick(0, HELD_OUT, ticked=False)
    table.tick(1, TRAIN, ticked=False)
    table.show_recordings([*found, recording(tmp_path, "d")])  # one more was recorded in the meantime
    assert (table.ticked(TRAIN), table.ticked(HELD_OUT)) == ([tmp_path / "c"], [tmp_path / "d"])


def test_how_far_the_depth_reaches_in_words() -> None:
    assert reach((0, 0, 0, 0, 0, 0)) == "none"
    assert reach((0.01, 0.3, 0.3, 0.01, 0, 0)) == "1 to 3 m"
    assert reach((0.2, 0, 0, 0, 0, 0.1)) == "0 to 5 m +"
