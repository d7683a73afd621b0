"""What the window shows and how it is chosen: views, turned pictures, plot, point cloud, snapshots, help."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAction, QDialog, QTextBrowser
from pytestqt.qtbot import QtBot

from app.session.display_options import DisplayOptions
from app.session.live_session import LiveSession
from app.session.orientation import AS_RECEIVED, Rotation
from app.session.readout import Place
from app.session.views import DEFAULT_VIEWS, VIEWS
from app.window.application import application
from app.window.main_window import Window
from app.window.settings import saved_display_options, saved_visibility, saved_visible_views
from capture.sources.stand_in import StandInSource
from tests.support.cloud_paper import Paper
from tests.support.frames import make_frame, write_recording
from tests.support.orientations import held
from tests.support.pictures import color_at
from tests.support.weights import write_weights

WAIT_MS = 30_000


def test_every_key_does_one_thing(window: Window) -> None:
    keys = [action.shortcut().toString() for action in window.findChildren(QAction)]
    assert "Ctrl+L" in keys
    assert sorted(set(filter(None, keys))) == sorted(filter(None, keys))


def test_views_are_chosen_in_the_menu_and_remembered(
    qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path
) -> None:
    session.use_weights(write_weights(tmp_path / "flat"))
    panels = window.panels
    assert saved_visible_views() == list(DEFAULT_VIEWS)
    assert not panels["confidence"].isVisible()
    actions = {action.text(): action for action in window.findChildren(QAction)}
    usual = ["RGB", "Predicted depth", "LiDAR depth", "Difference"]
    usual += ["Turbo", "Follow the frame", "Shown", "Upright automatically"]
    assert [name for name, action in actions.items() if action.isChecked()] == usual
    for name in (*(view.title for view in VIEWS if not view.by_default), "RGB"):
        actions[name].trigger()
    for panel in (panels["confidence"], panels["edges_predicted"], panels["edges_true"]):
        qtbot.waitUntil(lambda panel=panel: panel.isVisible() and panel.has_picture, timeout=WAIT_MS)
    assert panels["confidence"].caption == "100% high, 0% low"
    assert not panels["rgb"].isVisible()
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert panels["rgb"].isVisible()
    for name in ("Viridis", "0 to 3 m", "Hidden"):
        actions[name].trigger()
    assert panels.options == DisplayOptions("viridis", 3, "hidden")
    assert [action.text() for action in actions["Turbo"].actionGroup().actions() if action.isChecked()] == ["Viridis"]
    qtbot.mouseDClick(panels["lidar"], Qt.MouseButton.LeftButton)
    assert [name for name, panel in panels.grid.panels.items() if panel.isVisible()] == ["lidar"]
    window.close()
    assert saved_visible_views() == list(panels.grid.panels)
    assert saved_display_options() == DisplayOptions("viridis", 3, "hidden")


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
    session = LiveSession(StandInSource(str(turning), "turning", loop=True), tmp_path / "recordings")
    window = Window(session, tmp_path / "recordings")
    session.start()
    window.resize(900, 600)
    window.show()
    panels = window.panels
    for turn in (AS_RECEIVED, Rotation(1), AS_RECEIVED):
        qtbot.waitUntil(lambda turn=turn: panels.isVisible() and panels.turn == turn, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: panels.turn == Rotation(1), timeout=WAIT_MS)
    window.toggle_freeze()
    rgb = panels["rgb"]
    assert rgb.aspect == pytest.approx(4 / 3)
    assert rgb.caption == "240 × 320 pixels, turned 90°"
    white = rgb.point(Place(0.25, 0.25))
    assert white.x() > rgb.width() / 2
    assert color_at(rgb.grab().toImage(), white.x(), white.y()) == (255, 255, 255)
    qtbot.mouseClick(rgb, Qt.MouseButton.LeftButton, pos=white)
    marked = panels.grid.marks.points[0]
    assert (marked.x, marked.y) == pytest.approx((0.25, 0.25), abs=0.01)
    actions = {action.text(): action for action in window.findChildren(QAction)}
    actions["As received"].trigger()
    assert (panels.turn, rgb.aspect) == (AS_RECEIVED, pytest.approx(3 / 4))
    assert rgb.caption == "240 × 320 pixels"
    assert panels.grid.marks.points == (marked,)
    for turn in (Rotation(1), Rotation(2)):
        qtbot.keyClick(window, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
        assert panels.turn == turn
    window.close()
    assert (saved_display_options().orientation, saved_display_options().quarter_turns) == ("received", 2)


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
    assert saved_visibility("plot")


def test_the_point_cloud_stands_beside_the_pictures_and_is_remembered(
    qtbot: QtBot, window: Window, session: LiveSession, tmp_path: Path
) -> None:
    assert not window.cloud.isVisible()
    before = window.panels.width()
    window.cloud.canvas = Paper()
    qtbot.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.cloud.isVisible() and len(window.cloud.canvas.shown) > 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.panels.width() < before, timeout=WAIT_MS)
    window.close()
    assert saved_visibility("cloud")
    again = Window(session, tmp_path / "recordings")
    assert not again.cloud.isHidden()
    actions = {action.text(): action for action in again.findChildren(QAction)}
    assert actions["&Point cloud"].isChecked()
    actions["&Point cloud"].trigger()
    again.close()
    assert not saved_visibility("cloud")


def test_without_opengl_the_window_says_so_and_goes_on(
    qtbot: QtBot, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "app.window.views.cloud_canvas", None)
    (action,) = (action for action in window.findChildren(QAction) if action.text() == "&Point cloud")
    action.trigger()
    qtbot.waitUntil(lambda: window.errors.text.startswith("The point cloud cannot be drawn here"), timeout=WAIT_MS)
    assert not action.isChecked()
    assert not window.cloud.isVisible()
    seen = window.panels.drawn.frame
    qtbot.waitUntil(lambda: window.panels.drawn.frame is not seen, timeout=WAIT_MS)
    window.close()
    assert not saved_visibility("cloud")


def test_a_snapshot_is_taken_by_a_key(qtbot: QtBot, window: Window, own_home: Path) -> None:
    qtbot.keyClick(window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: window.notes.isVisible(), timeout=WAIT_MS)
    (folder,) = (own_home / "snapshots").iterdir()
    assert window.notes.text == f"Snapshot: {folder}"
    assert cv2.imread(str(folder / "window.png")).std() > 5


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
