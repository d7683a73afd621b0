"""Record the demo room, play the recording, rename it and throw it away."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QDialog

from app.widgets.recording_row import SUMMARY
from app.window.main_window import Window
from tests.support.driven import Control, Story, click, in_front, press, recordings
from tests.support.stories import play

pytestmark = pytest.mark.slow


def names(window: Window) -> list[str]:
    """Of the recordings in the panel."""
    items = (window.recordings.list.item(row) for row in range(window.recordings.list.count()))
    return [item.data(SUMMARY).name for item in items if item is not None]


def record_and_look(window: Window) -> Story:
    """Record the demo room under a name, play the recording, step in it, rename it, throw it away; freeze; leave."""
    yield "a frame", lambda: window.panels["lidar"].has_picture
    yield from in_front(window)
    window.toolbar.name_field.setFocus()
    QTest.keyClicks(window.toolbar.name_field, "sofa")
    press(window.toolbar.name_field, Qt.Key.Key_Return)
    press(window, Qt.Key.Key_R)
    yield "a second of recording", lambda: "0:01" in window.toolbar.record_label.whole_text
    press(window, Qt.Key.Key_R)
    yield "the finished recording", lambda: bool(recordings()) and recordings()[0].info.status == "closed"
    press(window, Qt.Key.Key_S)
    yield "a snapshot", lambda: window.notes.text.startswith("Snapshot:")
    press(window, Qt.Key.Key_F)
    yield "the frozen view", lambda: window.hints.text.startswith("Frozen")
    press(window, Qt.Key.Key_F)
    yield "the view going on", lambda: not window.hints.text

    press(window, Qt.Key.Key_L, Control)
    panel = window.recordings
    yield "the recording in the panel", lambda: panel.list.count() == 1
    panel.list.setCurrentRow(0)
    press(panel.list, Qt.Key.Key_T)
    press(panel.list, Qt.Key.Key_Return)
    yield "playback", lambda: window.playback_bar.isVisible() and window.panels.drawn.frame is not None
    press(window, Qt.Key.Key_Space)
    at = window.playback_bar.slider.value()
    press(window, Qt.Key.Key_Right)
    yield "the next frame", lambda: window.playback_bar.slider.value() == at + 1
    press(panel.list, Qt.Key.Key_Delete)
    yield "a refusal", lambda: "is being played" in window.errors.text

    window.sources.open("demo")
    yield "the demo room again", lambda: not window.playback_bar.isVisible() and window.panels.isVisible()
    press(panel.list, Qt.Key.Key_F2)
    QTest.keyClicks(panel.question.field, "couch")
    press(panel.question.field, Qt.Key.Key_Return)
    yield "the new name", lambda: [recording.info.name for recording in recordings()] == ["couch"]
    yield "the new name in the panel", lambda: names(window) == ["couch"]
    panel.list.setCurrentRow(0)
    press(panel.list, Qt.Key.Key_Delete)
    click(panel.question.yes)
    yield "an empty list", lambda: panel.nothing.isVisible()
    press(window, Qt.Key.Key_F1)
    yield "help", lambda: any(isinstance(each, QDialog) for each in QApplication.topLevelWidgets())
    press(window, Qt.Key.Key_Q, Control)


def log_lines(home: Path) -> list[str]:
    return (home / "lidarlive.log").read_text().splitlines()


def test_record_play_rename_and_throw_away(environment: dict[str, str], own_home: Path):
    play(record_and_look, environment)
    (snapshot,) = (own_home / "snapshots").iterdir()
    assert {"rgb.jpg", "depth.png", "window.png"} <= {file.name for file in snapshot.iterdir()}
    assert not list((own_home / "recordings").glob("*_*"))
    problems = [line for line in log_lines(own_home) if " INFO " not in line]
    assert not problems
    assert any("lidarlive.recorder" in line and ": " in line for line in log_lines(own_home))
