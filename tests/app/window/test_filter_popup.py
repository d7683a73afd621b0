"""Which frames a recording takes, as a person chooses them in the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveSession
from app.session.status_text import recording_line, recording_tool_tip
from app.window.application import application
from app.window.filter_popup import SUGGESTED, FilterButton
from app.window.main_window import Window
from app.window.settings import save_frame_filter, saved_frame_filter, settings
from capture.frame import Pose
from capture.frame_filter import MAX_EVERY, MAX_MOVED_M, MAX_WORSE_THAN, NO_POSES, FrameFilter
from capture.recorder.status import RecordingStatus
from capture.recording import Dataset
from capture.sources.stand_in import StandInSource
from capture.storage.names import MAX_NOTE
from tests.support.frames import make_frame, write_recording
from tests.support.weights import write_weights

WAIT_MS = 60_000
CTRL_SHIFT = Qt.KeyboardModifiers() | Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def filter_button(qtbot: QtBot) -> FilterButton:
    application()
    shown = FilterButton()
    qtbot.addWidget(shown)
    shown.show()
    return shown


@pytest.fixture
def window(qtbot: QtBot, window: Window) -> Window:
    """In front: keys are for the window that is active."""
    window.resize(900, 600)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    return window


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """A recording without poses."""
    frames = [make_frame(i, rgb_size=(240, 320), depth_size=(192, 256)) for i in range(12)]
    return write_recording(tmp_path / "clips", "still", [replace(frame, pose=Pose()) for frame in frames])


def test_every_frame_until_something_is_ticked(filter_button: FilterButton) -> None:
    assert filter_button.choice.is_all
    assert filter_button.text() == "Every frame ▾"
    assert filter_button.styleSheet() == ""
    for box, spin in (filter_button.popup.every, filter_button.popup.moved, filter_button.popup.poor):
        assert not spin.isEnabled()
        box.setChecked(True)
        assert spin.isEnabled()
    assert filter_button.choice == SUGGESTED
    assert filter_button.text() == "Every 5th + 2 more ▾"
    assert "color" in filter_button.styleSheet(), "what is not every frame stands out"
    assert "every 5th frame, moved 5 cm or turned 5°, prediction off by more than 20 %" in filter_button.toolTip()


def test_the_popup_is_used_by_keyboard_alone(qtbot: QtBot, filter_button: FilterButton) -> None:
    popup = filter_button.popup
    filter_button.setFocus()
    qtbot.keyClick(filter_button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: popup.isVisible() and popup.note.hasFocus(), timeout=WAIT_MS)
    qtbot.keyClicks(popup.note, "by day")
    qtbot.keyClick(popup.note, Qt.Key.Key_Tab)
    assert popup.every[0].hasFocus()
    qtbot.keyClick(popup.every[0], Qt.Key.Key_Space)
    qtbot.keyClick(popup.every[0], Qt.Key.Key_Tab)
    assert popup.every[1].hasFocus()
    qtbot.keyClick(popup.every[1], Qt.Key.Key_Up)
    qtbot.keyClick(popup.every[1], Qt.Key.Key_Return)
    assert not popup.isVisible()
    assert (filter_button.choice, filter_button.note) == (FrameFilter(every=6), "by day")
    assert filter_button.text() == "Every 6th · note ▾"
    filter_button.open()
    qtbot.keyClick(popup.note, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert filter_button.choice == FrameFilter(every=6), "closing takes nothing back"


def test_the_choice_is_kept_until_the_next_start_and_the_note_is_not(qtbot: QtBot, filter_button: FilterButton) -> None:
    popup = filter_button.popup
    popup.note.setText("by day")
    popup.moved[0].setChecked(True)
    popup.moved[1].setValue(7)
    again = FilterButton()
    qtbot.addWidget(again)
    assert (again.choice, again.note) == (FrameFilter(moved_m=0.07), "")
    assert again.popup.moved[1].isEnabled()
    popup.moved[0].setChecked(False)
    assert saved_frame_filter() == FrameFilter()


@pytest.mark.parametrize(
    "chosen", [FrameFilter(), SUGGESTED, FrameFilter(MAX_EVERY, MAX_MOVED_M, MAX_WORSE_THAN)], ids=FrameFilter.words
)
def test_what_is_remembered_is_what_was_chosen(chosen: FrameFilter) -> None:
    save_frame_filter(chosen)
    assert saved_frame_filter() == chosen


@pytest.mark.parametrize(
    ("name", "value"), [("every", "often"), ("every", "-3"), ("moved_m", "7000"), ("worse_than", "x")]
)
def test_what_makes_no_sense_any_more_is_every_frame(name: str, value: str) -> None:
    settings().setValue(f"record_{name}", value)
    assert saved_frame_filter() == FrameFilter()


def test_the_longest_words_fit_and_a_note_is_bounded(qtbot: QtBot, filter_button: FilterButton) -> None:
    popup = filter_button.popup
    for (box, spin), most in ((popup.every, MAX_EVERY), (popup.moved, 100), (popup.poor, 200)):
        box.setChecked(True)
        spin.setValue(most)
    popup.note.setText("x" * 2 * MAX_NOTE)
    assert len(filter_button.note) == MAX_NOTE
    filter_button.open()
    qtbot.waitUntil(popup.isVisible, timeout=WAIT_MS)
    assert popup.description.heightForWidth(popup.description.width()) <= popup.description.height()
    for box, spin in (popup.every, popup.moved, popup.poor):
        assert box.width() >= box.sizeHint().width()
        assert spin.width() >= spin.sizeHint().width()
    popup.hide()


def test_a_recording_says_what_was_left_out() -> None:
    status = RecordingStatus("walk", written=60, seconds=12.3, lost={"disk_slow": 1}, left_s=600, left_out=240)
    assert recording_line(status) == "00:12   60 frames, 1 lost   disk for 10 min", "nothing is left out of every frame"
    chosen = replace(status, choice=FrameFilter(every=5))
    assert recording_line(chosen) == "00:12   60 frames, 1 lost, 240 left out   disk for 10 min   every 5th"
    assert "Chosen: every 5th frame. Left out by choice: 240" in recording_tool_tip(chosen)
    ended = replace(chosen, finished=True)
    assert recording_line(ended) == "Recorded 60 frames, 1 lost, 240 left out: walk"


def test_some_frames_are_recorded_with_a_note(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    filter_button, label = window.toolbar.filter_button, window.toolbar.record_label
    qtbot.keyClick(window, Qt.Key.Key_R, CTRL_SHIFT)
    qtbot.waitUntil(filter_button.popup.isVisible, timeout=WAIT_MS)
    qtbot.keyClicks(filter_button.popup.note, "after rain")
    assert window.toolbar.record_button.text() == "● Record", "an r in the note is no command"
    filter_button.popup.every[0].setChecked(True)
    filter_button.popup.every[1].setValue(3)
    qtbot.keyClick(filter_button.popup.note, Qt.Key.Key_Return)
    for name in ("record_button", "filter_button", "retrain_button", "name_field"):
        shown = getattr(window.toolbar, name)
        qtbot.waitUntil(lambda shown=shown: shown.width() >= shown.minimumSizeHint().width(), timeout=WAIT_MS)
    assert window.width() == 900
    window.activateWindow()  # a display does so when a pop-up closes; offscreen it depends on the moment
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: "left out" in label.whole_text and "   0 frames" not in label.whole_text, timeout=WAIT_MS)
    assert "every 3rd" in label.whole_text
    assert not filter_button.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_R, CTRL_SHIFT)
    assert not filter_button.popup.isVisible(), "it is too late to choose"
    assert window.panels.grid.framed
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: label.whole_text.startswith("Recorded"), timeout=WAIT_MS)
    assert " left out: " in label.whole_text
    (recording,) = Dataset(tmp_path / "recordings")
    assert (recording.info.note, recording.info.chosen) == ("after rain", FrameFilter(every=3))
    assert filter_button.isVisible()
    assert (filter_button.note, filter_button.text()) == ("", "Every 3rd ▾"), "the note was for one recording"


def test_poor_ones_without_weights_are_refused_and_the_note_stays(
    qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path
) -> None:
    filter_button = window.toolbar.filter_button
    filter_button.popup.poor[0].setChecked(True)
    filter_button.popup.note.setText("dark")
    qtbot.keyClick(window, Qt.Key.Key_R)
    assert "there are no weights to predict with" in window.errors.text
    assert window.toolbar.record_button.text() == "● Record"
    assert filter_button.note == "dark"
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.panels["predicted"].has_picture, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: session.status().recording.written > 0, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: session.status().recording.finished, timeout=WAIT_MS)
    (recording,) = Dataset(tmp_path / "recordings")
    assert recording.info.chosen == FrameFilter(worse_than=SUGGESTED.worse_than)


def test_a_phone_without_poses_is_recorded_and_the_window_says_so(
    qtbot: QtBot, record3d_package: None, still: Path, tmp_path: Path
) -> None:
    application()
    live = LiveSession(StandInSource(str(still), "still", loop=True), tmp_path / "recordings")
    shown = Window(live, tmp_path / "recordings")
    live.start()
    shown.show()
    qtbot.waitUntil(lambda: shown.panels.isVisible(), timeout=WAIT_MS)
    shown.toolbar.filter_button.popup.moved[0].setChecked(True)
    shown.toggle_recording()
    qtbot.waitUntil(lambda: shown.hints.text == NO_POSES, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: live.status().recording.written > 5, timeout=WAIT_MS)
    assert live.status().recording.left_out == 0
    shown.toggle_recording()
    qtbot.waitUntil(lambda: not shown.hints.isVisible(), timeout=WAIT_MS)
    shown.close()
