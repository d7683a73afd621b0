"""The window names what arrives, or does not: on the waiting page, and around the pictures once there are some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.session.connection_check import ConnectionCheck
from app.session.live_session import LiveSession
from app.window.application import application
from app.window.main_window import Window
from capture.sources.native import NativeSource
from capture.sources.stand_in import StandInSource
from capture.virtual_phone import damage
from tests.support.phones import phone
from tests.support.streams import WITHOUT_FRAMES, whole

pytestmark = [pytest.mark.phone, pytest.mark.slow]

WAIT_MS = 30_000
TITLES = {
    "silent": "The phone sends nothing",
    "damaged": "The frames are damaged",
    "too-large": "The pictures are too large",
    "old-app": "The app is too old",
    "garbage": "This is no Record3D stream",
}


@contextmanager
def shown(wire_file: Path, fault: str, folder: Path) -> Iterator[Window]:
    """A window over a phone with this fault."""
    application()
    with phone(wire_file, fps=20, faults=[fault]) as stand_in:
        session = LiveSession(NativeSource("iPhone", address=stand_in.address), folder)
        window = Window(session, folder, checkup=ConnectionCheck(address=stand_in.address))
        session.start()
        window.resize(800, 600)
        window.show()
        yield window
        window.close()


@pytest.mark.parametrize("kind", WITHOUT_FRAMES)
def test_before_the_first_frame(qtbot: QtBot, kind: str, wire_file: Path, tmp_path: Path) -> None:
    _, found, fix = WITHOUT_FRAMES[kind]
    with shown(wire_file, f"{kind}@0:1000", tmp_path) as window:
        page = window.waiting_page
        qtbot.waitUntil(lambda: page.headline.text() == TITLES[kind], timeout=WAIT_MS)
        assert fix.lower() in page.detail.text().lower()
        step = page.steps._steps[-1]
        assert (step.name, step.state) == ("first frame", "failed")
        assert found in step.found
        assert page.steps._steps[-2].state == "ok", "the app is connected"
        qtbot.waitUntil(lambda: page.steps._steps[-1].found != step.found, timeout=WAIT_MS)  # it counts
        assert page.headline.text() == TITLES[kind]
        assert not window.errors.isVisible(), "named once is enough"


@pytest.mark.parametrize("kind", WITHOUT_FRAMES)
def test_after_the_first_frame(qtbot: QtBot, kind: str, wire_file: Path, tmp_path: Path) -> None:
    _, found, fix = WITHOUT_FRAMES[kind]
    with shown(wire_file, f"{kind}@5:1000", tmp_path) as window:
        label = window.status_lines.status_label
        qtbot.waitUntil(lambda: found in label.whole_text, timeout=WAIT_MS)
        text = window.errors.text
        assert text.startswith(TITLES[kind])
        assert fix in text
        assert window.panels.isVisible(), "the last frame remains"
        before = label.whole_text
        qtbot.waitUntil(lambda: label.whole_text != before, timeout=WAIT_MS)  # it counts
        assert window.errors.text == text
        assert not window.hints.isVisible()


def test_a_message_that_was_closed_stays_closed_until_frames_came(
    qtbot: QtBot, wire_file: Path, tmp_path: Path
) -> None:
    with shown(wire_file, "damaged@5:5", tmp_path) as window:
        qtbot.waitUntil(window.errors.isVisible, timeout=WAIT_MS)
        window.errors.findChild(QToolButton).click()
        before = window.status_lines.status_label.whole_text
        qtbot.waitUntil(lambda: window.status_lines.status_label.whole_text != before, timeout=WAIT_MS)
        assert not window.errors.isVisible()
        qtbot.waitUntil(lambda: "damaged" not in window.status_lines.status_label.whole_text, timeout=WAIT_MS)


def test_a_file_of_another_age_is_named_too(qtbot: QtBot, tmp_path: Path) -> None:
    """It has no phone whose connection could be checked."""
    application()
    (tmp_path / "old.wire").write_bytes(b"".join(damage.old_app(whole(i)) for i in range(9)))
    session = LiveSession(StandInSource(str(tmp_path / "old.wire"), "old.wire", loop=True), tmp_path)
    window = Window(session, tmp_path)
    session.start()
    window.show()
    qtbot.waitUntil(lambda: window.waiting_page.headline.text() == "The app is too old", timeout=WAIT_MS)
    assert "frames, all in the format of Record3D 1.7 to 1.9" in window.waiting_page.detail.text()
    assert "Update the Record3D app" in window.waiting_page.detail.text()
    window.close()
