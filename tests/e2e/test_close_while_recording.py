"""Close the window in the middle of a recording: it is finished and whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtCore import Qt

from app.window.main_window import Window
from capture.recording import Dataset
from tests.support.driven import Control, Story, in_front, press
from tests.support.stories import play

pytestmark = pytest.mark.slow


def close_while_recording(window: Window) -> Story:
    yield "a frame", lambda: window.panels["lidar"].has_picture
    yield from in_front(window)
    press(window, Qt.Key.Key_R)
    yield "a second of recording", lambda: "0:01" in window.toolbar.record_label.whole_text
    press(window, Qt.Key.Key_Q, Control)


def test_closing_while_recording_finishes_the_recording(environment: dict[str, str], own_home: Path):
    play(close_while_recording, environment)
    (recording,) = Dataset(own_home / "recordings")
    assert recording.info.status == "closed"
    assert len(recording) > 10
    assert all(frame.rgb.any() for frame in recording)
