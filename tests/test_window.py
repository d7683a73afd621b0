"""The window over a real session: the stand-in phone plays a recording, the real driver reads it."""

from __future__ import annotations

import os
import re

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import QAction, QDialog, QTextBrowser
from pytestqt.qtbot import QtBot

from app.appearance import Appearance
from app.comparison import USUAL
from app.live import LiveSession
from app.readout import Place
from app.remembered import cloud_before, plot_before, seen_before
from app.upright import AS_RECEIVED, Turn
from app.view import weights_in_use
from app.window import Window, application
from capture.frame import CaptureError
from capture.names import recording_name
from capture.playback import PlaybackSource
from capture.recording import Dataset
from capture.usb import UsbSource
from capture.virtual_phone.phone import PhoneProcess
from tests.frames import make_frame, write_recording
from tests.test_cloud_view import Paper
from tests.test_panels import color_at
from tests.test_upright import held
from tests.weights import write_weights

WAIT_MS = 30_000


@pytest.fixture
def session(record3d_package: None, numbered: Path, tmp_path: Path) -> LiveSession:
    return LiveSession(PlaybackSource(str(numbered), "numbered", loop=True), tmp_path / "recordings")


@pytest.fixture
def window(qtbot: QtBot, session: LiveSession, tmp_path: Path) -> Iterator[Window]:
    """Open, and showing frames."""
    application()
    shown = Window(session, tmp_path / "recordings")
    session.start()
    shown.resize(800, 600)
    shown.show()
    qtbot.waitUntil(lambda: shown.comparison.isVisible(), timeout=WAIT_MS)
    yield shown
    shown.close()


def test_frames_are_shown_and_what_is_absent_is_said(qtbot: QtBot, window: Window) -> None:
    assert window.comparison.rgb.has_picture
    assert window.comparison.lidar.has_picture
    assert window.comparison.lidar.caption == "100% confident"
    assert not window.comparison.predicted.has_picture
    assert "No weights yet" in window.comparison.predicted.empty
    assert not window.comparison.difference_bar.isVisible()
    figures = re.compile(r"\d+ frames/s  ·  no weights  ·  \d+ lost")  # a busy computer may lose some
    qtbot.waitUntil(lambda: figures.match(window.footer.status_label.whole_text) is not None, timeout=WAIT_MS)
    assert window.header.source_label.whole_text == "numbered"
    assert not window.errors.isVisible()


def test_weights_fill_the_other_two_panels(qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.comparison.difference.has_picture, timeout=WAIT_MS)
    assert window.comparison.predicted.has_picture
    assert window.comparison.difference_bar.isVisible()
    assert window.comparison.difference.caption.startswith("mean ")
    qtbot.waitUntil(
        lambda: "inference" in window.footer.status_label.whole_text, timeout=WAIT_MS
    )  # written now and then
    assert "weights flat" in window.footer.status_label.whole_text
    qtbot.waitUntil(lambda: window.footer.accuracy_label.whole_text != "", timeout=WAIT_MS)
    assert re.fullmatch(
        r"RMSE .* c?m  ·  AbsRel .*%  ·  δ1 .*%  ·  scale \d\.\d\d", window.footer.accuracy_label.whole_text
    )
    assert "1 to 2 m: RMSE" in window.footer.accuracy_label.toolTip()
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
    session = LiveSession(PlaybackSource(str(numbered), "numbered", loop=True), tmp_path, folder, error)
    window = Window(session, tmp_path)
    session.start()
    window.show()
    qtbot.waitUntil(lambda: window.comparison.lidar.has_picture and window.errors.isVisible(), timeout=WAIT_MS)
    assert "There is no weights version 2026-01-01T00-00-00Z" in window.errors.text
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.comparison.predicted.has_picture, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not window.errors.isVisible(), timeout=WAIT_MS)
    window.close()


def test_every_key_does_one_thing(window: Window) -> None:
    keys = [action.shortcut().toString() for action in window.findChildren(QAction)]
    assert "Ctrl+L" in keys
    assert sorted(set(filter(None, keys))) == sorted(filter(None, keys))


def test_views_are_chosen_in_the_menu_and_remembered(
    qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path
) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    comparison = window.comparison
    assert seen_before() == list(USUAL)
    assert not comparison.confidence.isVisible()
    actions = {action.text(): action for action in window.findChildren(QAction)}
    usual = ["RGB", "Predicted depth", "LiDAR depth", "Difference"]
    usual += ["Turbo", "Of what is seen", "Shown", "Upright by itself"]
    assert [name for name, action in actions.items() if action.isChecked()] == usual
    for name in ("Confidence", "Predicted edges", "LiDAR edges", "RGB"):
        actions[name].trigger()
    for panel in (comparison.confidence, comparison.edges_predicted, comparison.edges_true):
        qtbot.waitUntil(lambda panel=panel: panel.isVisible() and panel.has_picture, timeout=WAIT_MS)
    assert comparison.confidence.caption == "100% high, 0% low"
    assert not comparison.rgb.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert comparison.rgb.isVisible()
    for name in ("Viridis", "0 to 3 m", "Hidden"):
        actions[name].trigger()
    assert comparison.appearance == Appearance("viridis", 3, "hidden")
    assert [action.text() for action in actions["Turbo"].actionGroup().actions() if action.isChecked()] == ["Viridis"]
    qtbot.mouseDClick(comparison.lidar, Qt.MouseButton.LeftButton)
    assert [name for name, panel in comparison.panels.items() if panel.isVisible()] == ["lidar"]
    window.close()
    assert seen_before() == list(comparison.panels)
    assert Appearance.saved() == Appearance("viridis", 3, "hidden")


@pytest.fixture
def turning(tmp_path: Path) -> Path:
    """A recording of a phone that is turned from portrait to landscape in the middle; white at the upper left."""
    frames = [replace(make_frame(i, (240, 320), (192, 256)), pose=held(90 * (i // 30)).pose) for i in range(60)]
    for frame in frames:
        frame.image[:160, :120] = 255
    return write_recording(tmp_path, "turning", frames)


def test_the_view_turns_with_the_phone_and_its_marks_stay(
    qtbot: QtBot, record3d_package: None, turning: Path, tmp_path: Path
) -> None:
    application()
    session = LiveSession(PlaybackSource(str(turning), "turning", loop=True), tmp_path / "recordings")
    window = Window(session, tmp_path / "recordings")
    session.start()
    window.resize(900, 600)
    window.show()
    comparison = window.comparison
    for turn in (AS_RECEIVED, Turn(1), AS_RECEIVED):
        qtbot.waitUntil(lambda turn=turn: comparison.isVisible() and comparison.turn == turn, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: comparison.turn == Turn(1), timeout=WAIT_MS)
    window.toggle_freeze()
    rgb = comparison.rgb
    assert rgb.aspect == pytest.approx(4 / 3)
    assert rgb.caption == "240 × 320 pixels, turned 90°"
    white = rgb.point(Place(0.25, 0.25))
    assert white.x() > rgb.width() / 2
    assert color_at(rgb.grab().toImage(), white.x(), white.y()) == (255, 255, 255)
    qtbot.mouseClick(rgb, Qt.MouseButton.LeftButton, pos=white)
    marked = comparison.marks.points[0]
    assert (marked.x, marked.y) == pytest.approx((0.25, 0.25), abs=0.01)
    actions = {action.text(): action for action in window.findChildren(QAction)}
    actions["As received"].trigger()
    assert (comparison.turn, rgb.aspect) == (AS_RECEIVED, pytest.approx(3 / 4))
    assert rgb.caption == "240 × 320 pixels"
    assert comparison.marks.points == (marked,)
    for turn in (Turn(1), Turn(2)):
        qtbot.keyClick(window, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
        assert comparison.turn == turn
    window.close()
    assert (Appearance.saved().orientation, Appearance.saved().quarter_turns) == ("received", 2)


def test_a_recording_has_the_name_that_was_typed(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    field = window.header.name_field
    qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(field, "sofa room")
    assert window.header.record_button.text() == "● Record", "an r in the name is no command"
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: "   0 frames" not in window.header.record_label.whole_text, timeout=WAIT_MS)
    assert not field.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.header.record_label.whole_text.startswith("Recorded"), timeout=WAIT_MS)
    (recording,) = Dataset(tmp_path / "recordings")
    assert recording.info.name == recording_name("sofa room")


def test_accuracy_over_time_is_plotted_and_remembered(
    qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path
) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    assert not window.plot.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert window.plot.isVisible()
    qtbot.waitUntil(lambda: len(window.plot.curves) == 4, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: np.size(window.plot.curves["rmse_m"].getData()[0]) >= 3, timeout=WAIT_MS)
    seconds, rmse_cm = window.plot.curves["rmse_m"].getData()
    assert (seconds <= 0).all()
    assert (rmse_cm > 0).all()
    window.close()
    assert plot_before()


def test_the_point_cloud_stands_beside_the_pictures_and_is_remembered(
    qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path
) -> None:
    assert not window.cloud.isVisible()
    before = window.comparison.width()
    window.cloud.picture = Paper()
    qtbot.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.cloud.isVisible() and len(window.cloud.picture.shown) > 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.comparison.width() < before, timeout=WAIT_MS)
    window.close()
    assert cloud_before()
    again = Window(session, tmp_path / "recordings")
    assert not again.cloud.isHidden()
    actions = {action.text(): action for action in again.findChildren(QAction)}
    assert actions["&Point cloud"].isChecked()
    actions["&Point cloud"].trigger()
    again.close()
    assert not cloud_before()


def test_without_opengl_the_window_says_so_and_goes_on(
    qtbot: QtBot, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "app.cloud_picture", None)
    (action,) = (action for action in window.findChildren(QAction) if action.text() == "&Point cloud")
    action.trigger()
    qtbot.waitUntil(lambda: window.errors.text.startswith("The point cloud cannot be drawn here"), timeout=WAIT_MS)
    assert not action.isChecked()
    assert not window.cloud.isVisible()
    seen = window.comparison.drawn.frame
    qtbot.waitUntil(lambda: window.comparison.drawn.frame is not seen, timeout=WAIT_MS)
    window.close()
    assert not cloud_before()


def test_another_source_is_chosen_while_the_window_is_open(
    qtbot: QtBot, window: Window, session: LiveSession, wire_file: Path, tmp_path: Path
) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    qtbot.waitUntil(lambda: window.comparison.predicted.has_picture, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    window.sources.open(str(wire_file))
    assert "stop it before you choose another source" in window.errors.text
    qtbot.waitUntil(lambda: session.status().recording.written > 0, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.header.record_label.whole_text.startswith("Recorded"), timeout=WAIT_MS)
    window.sources.open(str(tmp_path / "gone.r3d"))
    qtbot.waitUntil(lambda: "gone.r3d" in window.errors.text, timeout=WAIT_MS)
    assert window.comparison.isVisible(), "the first source goes on"
    window.sources.open(str(wire_file))
    qtbot.waitUntil(lambda: window.header.source_label.whole_text == wire_file.name, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.comparison.isVisible(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.comparison.predicted.has_picture, timeout=WAIT_MS)
    assert window.comparison.drawn.frame.rgb_size == (240, 320)
    (menu,) = [action.menu() for action in window.menuBar().actions() if action.text() == "S&ource"]
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions() if action.isChecked()] == [wire_file.name]
    assert window.footer.status_label.whole_text != ""


def test_a_snapshot_is_taken_by_a_key(qtbot: QtBot, window: Window, own_home: Path) -> None:
    qtbot.keyClick(window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: window.notes.isVisible(), timeout=WAIT_MS)
    (folder,) = (own_home / "snapshots").iterdir()
    assert window.notes.text == f"Snapshot: {folder}"
    assert cv2.imread(str(folder / "window.png")).std() > 5


def test_a_frozen_view_stands_still_while_the_recording_goes_on(
    qtbot: QtBot, window: Window, session: LiveSession
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert window.hints.text == "Frozen: press F to go on"
    held = window.comparison.drawn.frame
    written = session.status().recording.written
    qtbot.waitUntil(lambda: session.status().recording.written > written + 10, timeout=WAIT_MS)
    assert window.comparison.drawn.frame is held
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: window.comparison.drawn.frame is not held, timeout=WAIT_MS)
    assert not window.hints.isVisible()


def test_help_and_versions_stand_beside_the_window(qtbot: QtBot, window: Window, own_home: Path) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    actions = {action.text(): action for action in window.findChildren(QAction)}
    actions["&About"].trigger()
    pages = {page.windowTitle(): page for page in window.findChildren(QDialog)}
    assert all(page.isVisible() and not page.isModal() for page in pages.values())
    texts = {title: page.findChild(QTextBrowser).toPlainText() for title, page in pages.items()}
    assert str(own_home) in texts["Help"]
    for name in ("lidarlive", "PyQt", "openvino", "tensorflow"):
        assert re.search(rf"{name}\s+\d+\.\d+", texts["About lidarlive"]), name


def test_record_button_writes_every_frame(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    qtbot.mouseClick(window.header.record_button, Qt.MouseButton.LeftButton)
    assert "Stop" in window.header.record_button.text()
    qtbot.waitUntil(lambda: " frames, 0 lost" in window.header.record_label.whole_text, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "   0 frames" not in window.header.record_label.whole_text, timeout=WAIT_MS)
    qtbot.mouseClick(window.header.record_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Record" in window.header.record_button.text(), timeout=WAIT_MS)
    (recording,) = Dataset(tmp_path / "recordings")
    assert recording.info.status == "closed"
    assert recording.path.name in window.header.record_label.whole_text
    assert window.header.record_label.whole_text.startswith(f"Recorded {len(recording)} frames, 0 lost")
    assert window.header.record_button.isEnabled()


def test_closing_the_window_finishes_the_recording(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    def is_recording() -> bool:
        text = window.header.record_label.whole_text
        return text.startswith("00:") and "   0 frames" not in text

    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(is_recording, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.header.record_label.whole_text.startswith("Recorded"), timeout=WAIT_MS)
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
    with pytest.raises(CaptureError, match="cannot be written"):
        window.save_picture(tmp_path / "nowhere" / "window.png")


def test_exceptions_that_nobody_caught_are_shown_and_logged(
    qtbot: QtBot, session: LiveSession, own_home: Path, tmp_path: Path
) -> None:
    application()
    with qtbot.captureExceptions() as caught:
        window = Window(session, tmp_path / "recordings")
        window.show()
        window.header.retrain_button.clicked.disconnect()
        window.header.retrain_button.clicked.connect(lambda: 1 / 0)
        qtbot.mouseClick(window.header.retrain_button, Qt.MouseButton.LeftButton)
        assert "ZeroDivisionError" in window.errors.text
        window.close()
    assert [kind for kind, _, _ in caught] == [ZeroDivisionError]
    assert "Traceback" in (own_home / "lidarlive.log").read_text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_in_a_thread_is_shown_too(
    qtbot: QtBot, session: LiveSession, own_home: Path, tmp_path: Path
) -> None:
    application()
    window = Window(session, tmp_path / "recordings")
    window.show()
    thread = threading.Thread(target=lambda: [].pop(), name="unlucky")
    thread.start()
    qtbot.waitUntil(lambda: "IndexError" in window.errors.text, timeout=WAIT_MS)
    thread.join()
    assert "exception in unlucky" in (own_home / "lidarlive.log").read_text()
    window.close()


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
    failing = LiveSession(PlaybackSource(str(tmp_path / "no.r3d"), "no.r3d", loop=True), tmp_path)
    window = Window(failing, tmp_path)
    window.show()
    failing.start()
    qtbot.waitUntil(lambda: window.notice.headline.text() == "No picture", timeout=WAIT_MS)
    assert "no.r3d" in window.notice.detail.text()
    assert not window.errors.isVisible(), "said once is enough"
    window.close()


def picture_on(display: str, source: Path, picture: Path) -> np.ndarray:
    """What `lidarlive view` shows of `source` on that display."""
    result = subprocess.run(
        [sys.executable, "-m", "app", "view", "--source", source, "--frames", "5", "--screenshot", picture],
        env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert result.returncode in (0, 3), result.stderr
    return cv2.imread(str(picture))


@pytest.mark.usefixtures("record3d_package")
def test_on_a_real_x_display(numbered: Path, tmp_path: Path, x_display: str) -> None:
    """Offscreen hides what opencv-python does to Qt's plugin path: on X, QApplication would abort."""
    image = picture_on(x_display, numbered, tmp_path / "x.png")
    assert image.shape[0] > 300
    assert image.std() > 10


@pytest.mark.usefixtures("record3d_package")
def test_a_real_recording_on_a_real_x_display(real_data: Path, tmp_path: Path, x_display: str) -> None:
    image = picture_on(x_display, real_data / "desk-1.r3d", tmp_path / "x.png")
    assert image.std() > 20, "the pictures are there"


def test_the_window_answers_while_the_phone_is_gone_and_shows_the_loss(
    qtbot: QtBot, record3d_package: None, numbered: Path, tmp_path: Path
) -> None:
    application()
    with PhoneProcess(str(numbered), faults=["cut@30", "gone@60:1"]) as phone:
        phone.wait_ready(30)
        session = LiveSession(UsbSource("iPhone", address=phone.address), tmp_path)
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
        assert "2 lost" in window.footer.status_label.whole_text
        heart.stop()
        window.close()


def tip(window: Window) -> str:
    return window.footer.status_label.toolTip()
