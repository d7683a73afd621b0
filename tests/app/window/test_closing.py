"""Closing the window: Qt handles events while a slow disk finishes, and what was requested is done."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveSession
from app.window.application import application
from app.window.main_window import Window
from app.window.recordings import panel
from capture.recording import Recording
from capture.sources.opening import open_source
from capture.storage.rename import rename
from tests.support.frames import make_frame, write_recording

WAIT_MS = 30_000


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    write_recording(tmp_path / "recordings", "desk", [make_frame(i) for i in range(3)])
    return tmp_path / "recordings"


@pytest.fixture
def window(qtbot: QtBot, dataset: Path) -> Window:
    application()
    (played,) = dataset.iterdir()
    session = LiveSession(open_source(str(write_copy(played)), replay=True), dataset)
    shown = Window(session, dataset)
    session.start()
    shown.show()
    return shown


def write_copy(recording: Path) -> Path:
    """A second recording elsewhere, to be played: one that is played cannot be renamed."""
    return write_recording(recording.parent.parent / "other", "other", [make_frame(i) for i in range(3)])


def test_qt_goes_on_while_the_session_ends(qtbot: QtBot, window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    qt_went_on, close, threads = threading.Event(), window.session.close, list[str]()

    def close_slowly() -> None:
        threads.append(threading.current_thread().name)
        assert qt_went_on.wait(30)
        close()

    monkeypatch.setattr(window.session, "close", close_slowly)
    QTimer.singleShot(100, qt_went_on.set)  # fires only if the Qt thread handles events meanwhile
    window.close()
    assert threads == ["closing"]
    assert not window.isVisible()
    assert not [thread for thread in threading.enumerate() if thread.name in ("reader", "predictor", "closing")]


def test_a_recording_that_is_being_renamed_is_renamed(
    qtbot: QtBot, window: Window, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window_is_hidden, renamed = threading.Event(), list[Path]()

    def rename_slowly(path: Path, name: str) -> Path:
        assert window_is_hidden.wait(30)
        renamed.append(rename(path, name))
        return renamed[-1]

    monkeypatch.setattr(panel, "rename", rename_slowly)
    window.recordings_dock.show()
    recordings: QListWidget = window.recordings.list
    qtbot.waitUntil(lambda: recordings.count() == 1, timeout=WAIT_MS)
    recordings.setCurrentRow(0)
    window.recordings.ask_name()
    window.recordings.question.field.setText("sofa")
    window.recordings.question.yes.click()
    QTimer.singleShot(100, window_is_hidden.set)
    window.close()
    assert [Recording(path).info.name for path in renamed] == ["sofa"]
