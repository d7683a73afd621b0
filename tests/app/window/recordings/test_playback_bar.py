"""A recording played in the real window: paused, stepped, dragged, and left for another source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QRect, Qt
from PyQt5.QtWidgets import QSlider, QStyle, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveSession
from app.window.application import application
from app.window.main_window import Window
from app.window.recordings.playback_bar import position_line
from app.window.sources.switch import DEMO
from capture.errors import LidarliveError
from capture.sources.opening import open_source
from capture.sources.replay import Position
from tests.support.weights import write_weights

WAIT_MS = 30_000
Key = Qt.Key


@pytest.fixture
def window(qtbot: QtBot, numbered: Path, tmp_path: Path) -> Iterator[Window]:
    """Playing the recording of 60 frames, each of which encodes its number."""
    application()
    session = LiveSession(open_source(str(numbered), replay=True), tmp_path, write_weights(tmp_path / "flat"))
    shown = Window(session, numbered.parent)
    session.start()
    shown.resize(900, 600)
    shown.show()
    qtbot.waitUntil(lambda: shown.panels["difference"].has_picture, timeout=WAIT_MS)
    yield shown
    shown.close()


def seen(window: Window) -> int:
    """Return the number encoded in the frame on the screen; -1 where there is none."""
    frame = window.panels.drawn.frame
    return -1 if frame is None else round(frame.pose.position_m[0])


def predicted(window: Window) -> int:
    frame = window.panels.drawn.predicted_frame
    return -1 if frame is None else round(frame.pose.position_m[0])


def test_keys_pause_and_step(qtbot: QtBot, window: Window):
    assert window.playback_bar.isVisible()
    qtbot.keyClick(window, Key.Key_Space)
    assert window.playback_bar.play_button.text() == "Play"
    at = window.playback_bar.slider.value()
    qtbot.keyClick(window, Key.Key_Right)
    qtbot.keyClick(window, Key.Key_Right)
    qtbot.waitUntil(lambda: seen(window) == predicted(window) == (at + 2), timeout=WAIT_MS)
    qtbot.keyClick(window, Key.Key_Left)
    qtbot.waitUntil(lambda: seen(window) == predicted(window) == (at + 1), timeout=WAIT_MS)
    assert f"frame {at + 2} of 60" in window.playback_bar.label.text()
    qtbot.mouseClick(window.playback_bar.play_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: seen(window) != at + 1, timeout=WAIT_MS)
    assert window.playback_bar.play_button.text() == "Pause"


def test_the_slider_goes_to_any_frame(qtbot: QtBot, window: Window):
    qtbot.keyClick(window, Key.Key_Space)
    slider = window.playback_bar.slider
    handle = handle_of(slider)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=handle.center())
    slider.setSliderPosition(45)  # where the hand moves it: moves of the mouse are not delivered without a screen
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=handle_of(slider).center())
    qtbot.waitUntil(lambda: seen(window) == predicted(window) == slider.value(), timeout=WAIT_MS)
    assert slider.value() == pytest.approx(45, abs=2)


def handle_of(slider: QSlider) -> QRect:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    style = slider.style()
    assert style is not None
    handle = QStyle.SubControl.SC_SliderHandle
    return style.subControlRect(QStyle.ComplexControl.CC_Slider, option, handle, slider)


def test_what_is_played_is_not_recorded_again_nor_moved(qtbot: QtBot, window: Window, numbered: Path):
    window.toggle_recording()
    assert window.errors.text.startswith("This is a recording already")
    assert window.session.status().recording is None
    assert window.sources.in_use(numbered) == "is being played: choose another source first"
    assert window.sources.in_use(numbered.parent / "another") == ""


def test_another_source_hides_the_playback_bar_and_the_panel_brings_it_back(
    qtbot: QtBot, window: Window, numbered: Path, record3d_package: None
):
    window.sources.open(DEMO)
    qtbot.waitUntil(lambda: not window.playback_bar.isVisible(), timeout=WAIT_MS)
    assert window.sources.in_use(numbered) == ""
    qtbot.keyClick(window, Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.recordings.list.count() == 1, timeout=WAIT_MS)
    window.recordings.list.setCurrentRow(0)
    qtbot.keyClick(window.recordings.list, Key.Key_Return)
    qtbot.waitUntil(lambda: window.playback_bar.isVisible() and seen(window) >= 0, timeout=WAIT_MS)
    assert window.toolbar.source_label.whole_text == "numbered"


def test_the_panel_is_remembered(qtbot: QtBot, window: Window, numbered: Path, tmp_path: Path):
    qtbot.keyClick(window, Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.recordings.isVisible()
    window.close()
    session = LiveSession(open_source(str(numbered), replay=True), tmp_path)
    again = Window(session, numbered.parent)
    again.show()
    assert again.recordings.isVisible()
    again.close()


def test_a_session_refuses_to_record_what_is_played(numbered: Path, tmp_path: Path):
    session = LiveSession(open_source(str(numbered), replay=True), tmp_path)
    with pytest.raises(LidarliveError, match="choose a phone or the demo room"):
        session.start_recording("again")
    session.close()


def test_the_position_in_words():
    assert position_line(Position(47, 180, 0.78, 63.04, True)) == "0:00.8 / 1:03.0  ·  frame 48 of 180"
