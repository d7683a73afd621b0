"""Closing the window while a training runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveSession
from app.window.application import application
from app.window.main_window import Window
from capture.sources.opening import open_source

pytestmark = pytest.mark.trainer

WAIT_MS = 120_000
Left = Qt.MouseButton.LeftButton


class ByPerson(QCloseEvent):
    """As it comes from the window system."""

    def spontaneous(self) -> bool:
        return True


@pytest.fixture
def quits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """When the program would have ended."""
    quits: list[bool] = []
    monkeypatch.setattr(QApplication, "quit", lambda: quits.append(True))
    yield quits
    QApplication.setQuitOnLastWindowClosed(True)


@pytest.fixture
def window(qtbot: QtBot, numbered: Path, quits: list[bool]) -> Iterator[Window]:
    """With a training that has just begun."""
    application()
    session = LiveSession(open_source(str(numbered), replay=True), numbered.parent)
    shown = Window(session, numbered.parent)
    session.start()
    shown.show()
    shown.open_retrain()
    assert shown.retrain_dialog is not None
    choice = shown.retrain_dialog.choice
    qtbot.waitUntil(lambda: len(choice.table.summaries) == 1, timeout=WAIT_MS)
    shown.retrain_dialog.start(choice.config())
    assert shown.retrain_dialog.trainer.running
    yield shown
    shown.retrain_dialog.trainer.shut_down()
    shown.close()


def close(window: Window) -> QCloseEvent:
    event = ByPerson()
    window.closeEvent(event)
    return event


def test_it_asks_and_esc_stays(qtbot: QtBot, window: Window) -> None:
    assert not close(window).isAccepted()
    assert window.question.isVisible()
    assert "you can resume it at the next start" in window.question.label.text()
    qtbot.keyClick(window.question, Qt.Key.Key_Escape)
    assert window.isVisible()
    assert window.retrain_dialog is not None
    assert window.retrain_dialog.trainer.running


def test_stopped_it_ends_with_the_window(qtbot: QtBot, window: Window) -> None:
    close(window)
    qtbot.mouseClick(window.question.no, Left)
    assert window.question.no.text() == "Stop it"
    assert not window.isVisible()
    assert window.retrain_dialog is not None
    assert not window.retrain_dialog.trainer.running


def test_left_running_the_program_ends_with_it(qtbot: QtBot, window: Window, quits: list[bool]) -> None:
    close(window)
    qtbot.mouseClick(window.question.yes, Left)
    assert not window.isVisible()
    assert window.retrain_dialog is not None
    assert window.retrain_dialog.trainer.running
    assert not QApplication.quitOnLastWindowClosed()
    assert quits == []
    window.retrain_dialog.trainer.cancel()  # as its own end would come
    qtbot.waitUntil(lambda: quits == [True], timeout=WAIT_MS)


def test_left_running_a_signal_ends_it_too(window: Window, quits: list[bool]) -> None:
    close(window)
    window.question.yes.click()
    window.close()  # what Ctrl-C in the terminal does
    assert window.retrain_dialog is not None
    assert not window.retrain_dialog.trainer.running
    assert quits


def test_a_signal_closes_without_a_question(window: Window) -> None:
    window.close()
    assert not window.isVisible()
    assert window.retrain_dialog is not None
    assert not window.retrain_dialog.trainer.running
