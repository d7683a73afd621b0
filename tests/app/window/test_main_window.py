"""The window over a real session: the stand-in phone plays a recording, the real driver reads it."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import cv2
import pytest
from PyQt5.QtCore import Qt, QTimer
from pytestqt.qtbot import QtBot

from app.cli.view import weights_in_use
from app.log_file import open_log
from app.session.live_session import LiveSession
from app.window.application import application
from app.window.main_window import Window
from capture import paths
from capture.errors import LidarliveError
from capture.recording import Dataset
from capture.sources.record3d.driver import Record3dSource
from capture.sources.stand_in import StandInSource
from capture.storage.names import recording_name
from capture.virtual_phone.process import PhoneProcess
from tests.support.weights import write_weights

WAIT_MS = 30_000


def test_frames_are_shown_and_what_is_absent_is_said(qtbot: QtBot, window: Window) -> None:
    assert window.panels["rgb"].has_picture
    assert window.panels["lidar"].has_picture
    assert window.panels["lidar"].caption == "100% confident"
    assert not window.panels["predicted"].has_picture
    assert "No weights yet" in window.panels["predicted"].reason
    assert not window.panels["difference"].bar.isVisible()
    figures = re.compile(r"\d+ frames/s  ·  no weights  ·  \d+ lost")  # a busy computer may lose some
    qtbot.waitUntil(lambda: figures.match(window.status_lines.status_label.whole_text) is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: " ms" in window.status_lines.status_label.whole_text, timeout=WAIT_MS)
    assert "from the arrival of a frame until it is drawn" in window.status_lines.status_label.toolTip()
    assert window.toolbar.source_label.whole_text == "numbered"
    assert not window.errors.isVisible()


def test_weights_fill_the_other_two_panels(qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.panels["difference"].has_picture, timeout=WAIT_MS)
    assert window.panels["predicted"].has_picture
    assert window.panels["difference"].bar.isVisible()
    assert window.panels["difference"].caption.startswith("mean ")
    qtbot.waitUntil(
        lambda: "inference" in window.status_lines.status_label.whole_text, timeout=WAIT_MS
    )  # written now and then
    assert "weights flat" in window.status_lines.status_label.whole_text
    qtbot.waitUntil(lambda: window.status_lines.accuracy_label.whole_text != "", timeout=WAIT_MS)
    assert re.fullmatch(
        r"RMSE .* c?m  ·  AbsRel .*%  ·  δ1 .*%  ·  scale \d\.\d\d", window.status_lines.accuracy_label.whole_text
    )
    assert "1 to 2 m: RMSE" in window.status_lines.accuracy_label.toolTip()
    session.use_weights(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: window.errors.isVisible(), timeout=WAIT_MS)
    assert "nowhere" in window.errors.text


def test_weights_in_use_that_are_gone_leave_the_view_and_say_so(
    qtbot: QtBot, record3d_package: None, numbered: Path, tmp_path: Path, own_home: Path
) -> None:
    """As `lidarlive view` begins: another program may have deleted the version that was chosen."""
    active = own_home / "weights" / "active.json"
    active.parent.mkdir(parents=True)
    active.write_text('{"active": "2026-01-01T00-00-00Z", "before": []}')
    folder, error = weights_in_use()
    assert folder is None
    application()
    session = LiveSession(StandInSource(str(numbered), "numbered", loop=True), tmp_path, folder, error)
    window = Window(session, tmp_path)
    session.start()
    window.show()
    qtbot.waitUntil(lambda: window.panels["lidar"].has_picture and window.errors.isVisible(), timeout=WAIT_MS)
    assert "There is no weights version 2026-01-01T00-00-00Z" in window.errors.text
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.panels["predicted"].has_picture, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not window.errors.isVisible(), timeout=WAIT_MS)
    window.close()


def test_a_recording_has_the_name_that_was_typed(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    field = window.toolbar.name_field
    qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(field, "sofa room")
    assert window.toolbar.record_button.text() == "● Record", "an r in the name is no command"
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: "   0 frames" not in window.toolbar.record_label.whole_text, timeout=WAIT_MS)
    assert not field.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.toolbar.record_label.whole_text.startswith("Recorded"), timeout=WAIT_MS)
    (recording,) = Dataset(tmp_path / "recordings")
    assert recording.info.name == recording_name("sofa room")


def test_another_source_is_chosen_while_the_window_is_open(
    qtbot: QtBot, window: Window, session: LiveSession, wire_file: Path, tmp_path: Path
) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.panels["predicted"].has_picture, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    window.sources.open(str(wire_file))
    assert "stop it before you choose another source" in window.errors.text
    qtbot.waitUntil(lambda: session.status().recording.written > 0, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.toolbar.record_label.whole_text.startswith("Recorded"), timeout=WAIT_MS)
    window.sources.open(str(tmp_path / "gone.r3d"))
    qtbot.waitUntil(lambda: "gone.r3d" in window.errors.text, timeout=WAIT_MS)
    assert window.panels.isVisible(), "the first source goes on"
    window.sources.open(str(wire_file))
    qtbot.waitUntil(lambda: window.toolbar.source_label.whole_text == wire_file.name, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.panels.isVisible(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.panels["predicted"].has_picture, timeout=WAIT_MS)
    assert window.panels.drawn.frame.rgb_size == (240, 320)
    (menu,) = [action.menu() for action in window.menuBar().actions() if action.text() == "S&ource"]
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions() if action.isChecked()] == [wire_file.name]
    assert window.status_lines.status_label.whole_text != ""


def test_a_frozen_view_stands_still_while_the_recording_goes_on(
    qtbot: QtBot, window: Window, session: LiveSession
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert window.hints.text == "Frozen: press F to resume"
    held = window.panels.drawn.frame
    written = session.status().recording.written
    qtbot.waitUntil(lambda: session.status().recording.written > written + 10, timeout=WAIT_MS)
    assert window.panels.drawn.frame is held
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: window.panels.drawn.frame is not held, timeout=WAIT_MS)
    assert not window.hints.isVisible()


def test_record_button_writes_every_frame(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    qtbot.mouseClick(window.toolbar.record_button, Qt.MouseButton.LeftButton)
    assert "Stop" in window.toolbar.record_button.text()
    qtbot.waitUntil(lambda: " frames, 0 lost" in window.toolbar.record_label.whole_text, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "   0 frames" not in window.toolbar.record_label.whole_text, timeout=WAIT_MS)
    qtbot.mouseClick(window.toolbar.record_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Record" in window.toolbar.record_button.text(), timeout=WAIT_MS)
    (recording,) = Dataset(tmp_path / "recordings")
    assert recording.info.status == "closed"
    assert recording.path.name in window.toolbar.record_label.whole_text
    assert window.toolbar.record_label.whole_text.startswith(f"Recorded {len(recording)} frames, 0 lost")
    assert window.toolbar.record_button.isEnabled()


def test_closing_the_window_finishes_the_recording(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    def is_recording() -> bool:
        text = window.toolbar.record_label.whole_text
        return text.startswith("00:") and "   0 frames" not in text

    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(is_recording, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.toolbar.record_label.whole_text.startswith("Recorded"), timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(is_recording, timeout=WAIT_MS)
    window.close()
    recordings = Dataset(tmp_path / "recordings")
    assert [recording.info.status for recording in recordings] == ["closed", "closed"]
    assert all(len(recording) > 0 for recording in recordings)
    assert not [t.name for t in threading.enumerate() if t.name in ("reader", "predictor", "recorder")]


def test_a_folder_that_cannot_be_recorded_to_is_an_error_in_the_bar(
    qtbot: QtBot, window: Window, tmp_path: Path
) -> None:
    (tmp_path / "recordings").write_text("a file where the folder should be")
    window.toggle_recording()
    qtbot.waitUntil(lambda: window.errors.isVisible(), timeout=WAIT_MS)
    assert str(tmp_path / "recordings") in window.errors.text


def test_the_picture_of_the_window(window: Window, tmp_path: Path) -> None:
    for width, height in ((800, 600), (1280, 800), (1920, 1080)):
        window.resize(width, height)
        window.save_picture(tmp_path / "window.png")
        image = cv2.imread(str(tmp_path / "window.png"))
        assert image.shape == (height, width, 3)
        assert image.std() > 10
    with pytest.raises(LidarliveError, match="cannot write the picture of the window"):
        window.save_picture(tmp_path / "nowhere" / "window.png")


def test_exceptions_that_nobody_caught_are_shown_and_logged(
    qtbot: QtBot, session: LiveSession, own_home: Path, tmp_path: Path
) -> None:
    application()
    with qtbot.captureExceptions() as caught, open_log(paths.log_path()):
        window = Window(session, tmp_path / "recordings")
        window.show()
        window.toolbar.retrain_button.clicked.disconnect()
        window.toolbar.retrain_button.clicked.connect(lambda: 1 / 0)
        qtbot.mouseClick(window.toolbar.retrain_button, Qt.MouseButton.LeftButton)
        assert "ZeroDivisionError" in window.errors.text
        window.close()
    assert [kind for kind, _, _ in caught] == [ZeroDivisionError]
    assert "Traceback" in (own_home / "lidarlive.log").read_text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_in_a_thread_is_shown_too(
    qtbot: QtBot, session: LiveSession, own_home: Path, tmp_path: Path
) -> None:
    application()
    with open_log(paths.log_path()):
        window = Window(session, tmp_path / "recordings")
        window.show()
        thread = threading.Thread(target=lambda: [].pop(), name="unlucky")
        thread.start()
        qtbot.waitUntil(lambda: "IndexError" in window.errors.text, timeout=WAIT_MS)
        assert str(own_home / "lidarlive.log") in window.errors.text
        thread.join()
        window.close()
    assert "exception in unlucky" in (own_home / "lidarlive.log").read_text()


def test_the_geometry_is_remembered_in_the_home_folder(
    qtbot: QtBot, window: Window, session: LiveSession, own_home: Path, tmp_path: Path
) -> None:
    window.resize(900, 640)
    window.close()
    assert (own_home / "window.ini").is_file()
    again = Window(session, tmp_path / "recordings")
    assert (again.width(), again.height()) == (900, 640)
    again.close()


def test_it_ends_by_itself_with_a_picture(qtbot: QtBot, session: LiveSession, tmp_path: Path) -> None:
    application()
    window = Window(session, tmp_path / "recordings", end_after=3, screenshot=tmp_path / "end.png")
    session.start()
    window.show()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT_MS)
    assert cv2.imread(str(tmp_path / "end.png")) is not None


def test_a_source_that_fails_says_so_where_the_picture_would_be(qtbot: QtBot, tmp_path: Path) -> None:
    application()
    (tmp_path / "no.r3d").write_bytes(b"nothing")
    failing = LiveSession(StandInSource(str(tmp_path / "no.r3d"), "no.r3d", loop=True), tmp_path)
    window = Window(failing, tmp_path)
    window.show()
    failing.start()
    qtbot.waitUntil(lambda: window.waiting_page.headline.text() == "No picture", timeout=WAIT_MS)
    assert "no.r3d" in window.waiting_page.detail.text()
    assert not window.errors.isVisible(), "said once is enough"
    window.close()


def test_the_window_answers_while_the_phone_is_gone_and_shows_the_loss(
    qtbot: QtBot, record3d_package: None, numbered: Path, tmp_path: Path
) -> None:
    application()
    with PhoneProcess(str(numbered), faults=["cut@30", "gone@60:1"]) as phone:
        phone.wait_ready(30)
        session = LiveSession(Record3dSource("iPhone", address=phone.address), tmp_path)
        window = Window(session, tmp_path)
        beats: list[float] = []
        heart = QTimer(window)
        heart.timeout.connect(lambda: beats.append(time.monotonic()))
        heart.start(20)
        session.start()
        window.show()
        qtbot.waitUntil(lambda: window.hints.isVisible(), timeout=WAIT_MS)
        seen = len(beats)
        qtbot.waitUntil(lambda: len(beats) > seen + 5, timeout=WAIT_MS)  # it goes on while the phone is away
        qtbot.waitUntil(lambda: "Frames lost between phone and program: disconnected 2" in tip(window), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: not window.hints.isVisible(), timeout=WAIT_MS)
        assert "2 lost" in window.status_lines.status_label.whole_text
        heart.stop()
        window.close()


def tip(window: Window) -> str:
    return window.status_lines.status_label.toolTip()
