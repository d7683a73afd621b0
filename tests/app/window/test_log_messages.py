"""Logged warnings and errors of any thread are in the error bar, once, with the path of the log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QTextBrowser
from pytestqt.qtbot import QtBot

from app.log_file import open_log
from app.log_repeats import MAX_TEXTS
from app.session import predictor_thread
from app.session.live_session import LiveSession
from app.window.help import about_box
from app.window.log_messages import LogMessages
from app.window.main_window import Window
from capture import paths
from tests.support.weights import write_weights

WAIT_MS = 30_000
logger = logging.getLogger("lidarlive.capture")


@pytest.fixture
def log(own_home: Path) -> Iterator[Path]:
    with open_log(paths.log_path()):
        yield paths.log_path()


def test_a_warning_of_any_thread_is_in_the_bar_and_information_is_not(qtbot: QtBot, log: Path, window: Window) -> None:
    thread = threading.Thread(target=logger.warning, args=("the phone is %s", "hot"))
    thread.start()
    qtbot.waitUntil(lambda: window.errors.isVisible(), timeout=WAIT_MS)
    thread.join()
    assert window.errors.text == f"the phone is hot. Details are in {log}"
    logger.info("usual")
    logger.error("the cable is loose")
    qtbot.waitUntil(lambda: window.errors.text.startswith("the cable is loose"), timeout=WAIT_MS)
    window.close()
    logger.error("nobody sees this")
    assert window.errors.text.startswith("the cable is loose")


def test_a_flood_is_collapsed(qtbot: QtBot, log: Path) -> None:
    messages, shown = LogMessages(), []
    messages.logged.connect(shown.append)
    threads = [threading.Thread(target=_flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = threading.Thread(target=logger.warning, args=("the end",))  # after what other threads have sent
    last.start()
    last.join()
    qtbot.waitUntil(lambda: any(text.startswith("the end") for text in shown), timeout=WAIT_MS)
    messages.stop()
    assert len([text for text in shown if text.startswith("frame")]) == MAX_TEXTS


def _flood() -> None:
    for number in range(500):
        logger.warning("frame %d is torn", number)


def test_weights_that_fail_to_load_are_in_the_bar_and_others_can_be_used(
    qtbot: QtBot, log: Path, window: Window, session: LiveSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(folder: Path, threads: int) -> None:
        raise ImportError("libopenvino.so: cannot open shared object file")

    with monkeypatch.context() as broken:
        broken.setattr(predictor_thread, "Predictor", fails)
        session.use_weights(tmp_path / "broken")
        qtbot.waitUntil(lambda: "the weights broken cannot be loaded" in window.errors.text, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: "cannot be loaded" in window._problem, timeout=WAIT_MS)  # polled now and then
    assert "cannot open shared object file" in window.errors.text
    assert str(log) in window.errors.text
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.panels["predicted"].has_picture, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not window.errors.isVisible(), timeout=WAIT_MS)


def test_a_problem_stays_as_long_as_it_lasts_and_what_was_logged_since_stays_longer(
    qtbot: QtBot, log: Path, window: Window, session: LiveSession, tmp_path: Path
) -> None:
    session.use_weights(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: "nowhere" in window.errors.text, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: session.status().predicting.error == window._problem != "", timeout=WAIT_MS)
    assert f"Details are in {log}" in window.errors.text, "the logged line names the log and is not replaced"
    window.errors.hide()  # as its button does
    logger.warning("the cable is loose")
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window._problem == "", timeout=WAIT_MS)
    assert window.errors.isVisible()
    assert window.errors.text.startswith("the cable is loose")
    session.use_weights(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: "nowhere" in window.errors.text and window.errors.isVisible(), timeout=WAIT_MS)


def test_the_about_box_names_the_log(qtbot: QtBot, log: Path, window: Window) -> None:
    box = about_box(window)
    assert str(log) in box.findChild(QTextBrowser).toPlainText()
    box.close()
