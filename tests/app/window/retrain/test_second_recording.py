"""A second recording for a training: from the press in the dialog to the dialog that opens again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.session.live_session import LiveSession, LiveStatus
from app.window.application import application
from app.window.main_window import Window
from app.window.retrain.recordings_table import HELD_OUT, TRAIN
from app.window.retrain.second_recording import RECORDING, WAITING, SecondRecording
from capture.recorder.status import RecordingStatus
from capture.sources.stand_in import StandInSource
from tests.support.demo_loops import write_demo_loops

WAIT_MS = 120_000
Left = Qt.MouseButton.LeftButton
NOTHING = LiveStatus("Demo room", "streaming")


def recording(finished: bool) -> LiveStatus:
    return replace(NOTHING, recording=replace(RecordingStatus("walk"), finished=finished))


class Followed:
    """A SecondRecording whose requests are noted down."""

    def __init__(self) -> None:
        self.opened, self.started, self.ended = list[str](), 0, 0
        self.second = SecondRecording(self.opened.append, self._start)
        self.second.ended.connect(self._end)

    def _start(self) -> None:
        self.started += 1

    def _end(self) -> None:
        self.ended += 1


def test_it_waits_for_a_frame_of_the_other_source() -> None:
    followed = Followed()
    second = followed.second
    second.begin("demo:2")
    assert (followed.opened, second.hint) == (["demo:2"], WAITING)
    second.follow(NOTHING, "demo", streams=True)
    second.follow(NOTHING, "demo:2", streams=False)
    assert followed.started == 0
    second.follow(NOTHING, "demo:2", streams=True)
    assert followed.started == 1
    second.follow(recording(finished=False), "demo:2", streams=True)
    assert second.hint == RECORDING
    second.follow(recording(finished=False), "demo:2", streams=True)
    assert followed.ended == 0
    second.follow(recording(finished=True), "demo:2", streams=True)
    second.follow(recording(finished=True), "demo:2", streams=True)
    assert (followed.started, followed.ended, second.hint) == (1, 1, "")


def test_the_current_source_will_do() -> None:
    followed = Followed()
    followed.second.begin("")
    followed.second.follow(recording(finished=True), "usb", streams=True)  # an earlier one
    assert (followed.opened, followed.started, followed.ended) == ([], 1, 0)


def test_a_person_who_was_faster_is_followed() -> None:
    followed = Followed()
    followed.second.begin("")
    followed.second.follow(recording(finished=False), "usb", streams=True)
    followed.second.follow(recording(finished=True), "usb", streams=True)
    assert (followed.started, followed.ended) == (0, 1)


def test_what_cannot_be_recorded_ends_it() -> None:
    followed = Followed()
    followed.second.begin("")
    for _ in range(3):
        followed.second.follow(NOTHING, "usb", streams=True)
    assert (followed.started, followed.ended, followed.second.hint) == (1, 0, "")
    followed.second.begin("demo:2")
    followed.second.cancel()
    followed.second.follow(NOTHING, "demo:2", streams=True)
    assert (followed.started, followed.second.hint) == (1, "")


@pytest.fixture
def demo_window(
    qtbot: QtBot, record3d_package: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Window]:
    """On the demo room, and showing frames."""
    monkeypatch.setenv("LIDARLIVE_CACHE", str(write_demo_loops(tmp_path / "cache")))
    application()
    session = LiveSession(StandInSource("demo", "Demo room", loop=True), tmp_path / "recordings")
    window = Window(session, tmp_path / "recordings", spec="demo")
    session.start()
    window.show()
    qtbot.waitUntil(lambda: window.panels.isVisible(), timeout=WAIT_MS)
    yield window
    window.close()


@pytest.mark.timeout(400)
def test_a_newcomer_in_the_demo_room(qtbot: QtBot, demo_window: Window) -> None:
    """Record 5 s, Retrain, one press: Start is enabled. Or the other press: a second walk, which is held out."""
    window, session = demo_window, demo_window.session

    def written() -> int:
        status = session.status().recording
        return 0 if status is None or status.finished else status.written

    def has_finished() -> bool:
        status = session.status().recording
        return status is not None and status.finished

    window.toggle_recording()
    qtbot.waitUntil(lambda: written() >= 150, timeout=WAIT_MS)
    window.toggle_recording()
    qtbot.waitUntil(has_finished, timeout=WAIT_MS)
    window.open_retrain()
    dialog = window.retrain_dialog
    assert dialog is not None
    page, bar = dialog.choice, dialog.choice.remedies
    qtbot.waitUntil(lambda: bar.isVisible() and bar.fifth_button.isVisible(), timeout=WAIT_MS)
    qtbot.mouseClick(bar.fifth_button, Left)
    qtbot.waitUntil(lambda: page.estimate.text() != "", timeout=WAIT_MS)
    assert page.start_button.isEnabled()
    assert "same walk: flatters the result" in page.findings.text()

    first = page.table.ticked(TRAIN)
    qtbot.mouseClick(bar.record_button, Left)
    assert dialog.isHidden()
    qtbot.waitUntil(lambda: window.hints.text == RECORDING, timeout=WAIT_MS)
    assert window.sources.spec == "demo:2"
    qtbot.waitUntil(lambda: written() >= 150, timeout=WAIT_MS)
    window.toggle_recording()
    qtbot.waitUntil(dialog.isVisible, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: len(page.table.ticked(HELD_OUT)) == 1 and page.estimate.text() != "", timeout=WAIT_MS)
    assert page.table.ticked(TRAIN) == first
    assert page.start_button.isEnabled(), page.findings.text()
    assert bar.isHidden()
    assert window.hints.text == ""
