"""The doctor beside a window that waits for a phone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.session.connection_check import ConnectionCheck, connection_check_of, with_app_step
from app.session.live_session import LiveSession, LiveStatus
from app.window.application import application
from app.window.main_window import Window
from app.window.sources.waiting_page import LINE_WIDTH
from capture.doctor.steps import Step, look
from capture.sources.native import NativeSource
from capture.sources.stand_in import StandInSource
from capture.usb.usbmuxd import NOT_STREAMING
from tests.support.fake_usbmuxd import NO_RECORD, REFUSED, FakeUsbmuxd, hang
from tests.support.frames import encoded_message, make_frame

WAIT_MS = 30_000


@pytest.fixture
def waiting(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """Open, and waiting for a phone at the address where the test may put one."""
    monkeypatch.setattr("app.session.connection_check.INTERVAL_S", 0.1)
    application()
    address = f"UNIX:{tmp_path}/fake-usbmuxd"
    session = LiveSession(NativeSource("iPhone", address=address), tmp_path / "recordings")
    shown = Window(session, tmp_path / "recordings", checkup=ConnectionCheck(address=address))
    session.start()
    shown.resize(800, 600)
    shown.show()
    yield shown
    shown.close()


def listed(window: Window) -> dict[str, str]:
    """The steps that a person sees: found, by name."""
    labels = window.waiting_page.steps.findChildren(QLabel)
    texts = [label.text() for label in labels if label.isVisible()]
    return dict(zip(texts[1::3], texts[2::3], strict=True))


def is_whole(label: QLabel) -> bool:
    """Whether no line of it is cut off."""
    return label.height() >= label.heightForWidth(label.width())


def test_the_empty_window_leads_to_the_first_frame(qtbot: QtBot, waiting: Window, tmp_path: Path) -> None:
    def shows(step: str, found: str) -> None:
        qtbot.waitUntil(lambda: found in listed(waiting).get(step, ""), timeout=WAIT_MS)

    def advises(text: str) -> None:  # for a moment, while it connects anew, it does not
        qtbot.waitUntil(lambda: text in waiting.waiting_page.detail.text(), timeout=WAIT_MS)

    shows("usbmuxd", "no usbmuxd at")
    advises("USBMUXD_SOCKET_ADDRESS")
    qtbot.waitUntil(lambda: waiting.waiting_page.headline.text() == "Waiting for the phone…", timeout=WAIT_MS)

    with FakeUsbmuxd(tmp_path, ListDevices={"DeviceList": []}):
        shows("phone", "no phone is connected")
        advises("tap Trust")
    with FakeUsbmuxd(tmp_path, Connect=REFUSED, ReadPairRecord=NO_RECORD):
        shows("app streaming", "not streaming")
        shows("trusted", "does not trust")
        advises("red record button")
        assert not waiting.errors.isVisible()
        for width, height in ((800, 600), (1280, 800), (1920, 1080)):
            waiting.resize(width, height)
            waiting.save_picture(tmp_path / "waiting.png")
            assert waiting.waiting_page.steps.width() <= LINE_WIDTH
            qtbot.waitUntil(lambda: all(map(is_whole, waiting.waiting_page.steps.finding_labels())), timeout=WAIT_MS)
    with FakeUsbmuxd(tmp_path, stream=lambda connection: connection.sendall(encoded_message(make_frame(0)))):
        qtbot.waitUntil(waiting.panels.isVisible, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "checkup" not in [thread.name for thread in threading.enumerate()], timeout=WAIT_MS)


def test_a_checkup_that_hangs_does_not_hold_up_closing(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capture.doctor.steps.ANSWER_S", 60)
    monkeypatch.setattr("capture.doctor.steps.BUDGET_S", 60)
    asked = threading.Event()

    def hang_and_tell(connection: socket.socket) -> None:
        asked.set()
        hang(connection)

    application()
    with FakeUsbmuxd(tmp_path, ListDevices=hang_and_tell) as usbmuxd:
        session = LiveSession(NativeSource("iPhone", address=usbmuxd.address), tmp_path / "recordings")
        window = Window(session, tmp_path / "recordings", checkup=ConnectionCheck(address=usbmuxd.address))
        window.show()
        assert asked.wait(WAIT_MS / 1000)
        window.close()
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "checkup")
        assert thread.is_alive(), "nobody waited for it"
    thread.join(WAIT_MS / 1000)
    assert not thread.is_alive(), "its connection is over, and so is it"


def test_a_checkup_is_for_a_phone_only(numbered: Path) -> None:
    with StandInSource(str(numbered), "usb:abc", loop=True) as source:
        assert connection_check_of(source, "usb:abc") is None
    assert connection_check_of(NativeSource("iPhone"), "usb") is not None
    assert ConnectionCheck().steps(LiveStatus("iPhone", "connecting")) == (), "it has not looked yet"


@pytest.mark.parametrize(
    ("status", "state", "found"),
    [
        (LiveStatus("iPhone", "connecting", "connecting to the phone"), "skipped", "connecting…"),
        (LiveStatus("iPhone", "streaming"), "ok", "waiting for the first frame"),
        (LiveStatus("iPhone", "waiting", NOT_STREAMING), "failed", "not streaming"),
        (LiveStatus("iPhone", "waiting", "the phone sends nothing; connecting again"), "failed", "sends nothing"),
    ],
)
def test_of_the_app_the_source_tells(tmp_path: Path, status: LiveStatus, state: str, found: str) -> None:
    with FakeUsbmuxd(tmp_path) as usbmuxd:
        steps = look(usbmuxd.address)
    step = with_app_step(steps, status)[-1]
    assert (step.name, step.state) == ("app streaming", state)
    assert found in step.found
    assert bool(step.fix) == (state == "failed")
    assert with_app_step(look(usbmuxd.address), status)[-1] == Step("app streaming", "skipped"), "there is no phone"
