"""When a cloud is drawn, and the message where none is; test_cloud_canvas.py tests the drawing itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PyQt5.QtCore import QSize
from pytestqt.qtbot import QtBot

from app.session.display_options import DisplayOptions
from app.session.live_session import LiveFrame
from app.session.views import DEFAULT_VIEWS
from app.window.application import application
from app.window.views import opengl_check
from app.window.views.cloud_view import UPDATES_PER_S, CloudView
from app.window.views.live_panels import LivePanels
from capture.frame import Camera
from model.predictor import Prediction
from tests.support.cloud_paper import Paper
from tests.support.frames import make_frame

WAIT_MS = 30_000


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """No OpenGL is needed to see when it would draw what."""
    monkeypatch.setattr(opengl_check, "prepare", lambda: None)
    monkeypatch.setitem(sys.modules, "app.window.views.cloud_canvas", SimpleNamespace(CloudCanvas=Paper))


@pytest.fixture
def panels(qtbot: QtBot) -> Iterator[LivePanels]:
    application()
    board = LivePanels(DEFAULT_VIEWS, DisplayOptions())
    qtbot.addWidget(board)
    return board


@pytest.fixture
def cloud(qtbot: QtBot, panels: LivePanels, paper: None) -> CloudView:
    view = CloudView(panels)
    qtbot.addWidget(view)
    view.resize(QSize(400, 500))
    return view


def view_of(index: int, predicted: bool = True) -> LiveFrame:
    frame = make_frame(index)
    if not predicted:
        return LiveFrame(frame)
    return LiveFrame(make_frame(99), Prediction(index, frame.depth_m + 1, frame.depth_m * 0, 0.01), frame)


def last_depths_m(cloud: CloudView) -> list[float]:
    """How far away each of the clouds is that were shown last."""
    return [round(float(-shown.points_m[-1, 2]), 3) for shown in cloud.canvas.shown[-1]]


def test_nothing_is_made_or_computed_before_it_is_seen(qtbot: QtBot, panels: LivePanels, cloud: CloudView) -> None:
    panels.show_frame(view_of(1))
    qtbot.wait(150)
    assert cloud.canvas is None
    cloud.show()
    qtbot.waitUntil(lambda: cloud.canvas is not None and cloud.canvas.shown != [], timeout=WAIT_MS)
    assert last_depths_m(cloud) == [1.001, 2.001], "of the frame that was predicted, not of the newest"
    assert cloud.canvas.looks == [pytest.approx(1.001)], "from the camera at first"
    cloud.hide()
    drawn = len(cloud.canvas.shown)
    panels.show_frame(view_of(2))
    qtbot.wait(150)
    assert len(cloud.canvas.shown) == drawn
    cloud.show()
    qtbot.waitUntil(lambda: last_depths_m(cloud) == [1.002, 2.002], timeout=WAIT_MS)
    assert len(cloud.canvas.looks) == 1, "and then from where the person has turned it"
    cloud.reset_button.click()
    assert len(cloud.canvas.looks) == 2


def test_a_fast_stream_is_thinned_and_its_last_frame_drawn(qtbot: QtBot, panels: LivePanels, cloud: CloudView) -> None:
    cloud.show()
    begun_s = time.monotonic()
    for index in range(50):
        panels.show_frame(view_of(index))
        qtbot.wait(10)
    drawn, took_s = len(cloud.canvas.shown), time.monotonic() - begun_s
    assert 2 <= drawn <= 1 + took_s * UPDATES_PER_S
    qtbot.waitUntil(lambda: last_depths_m(cloud) == [1.049, 2.049], timeout=WAIT_MS)


def test_either_cloud_alone_and_why_nothing_is_seen(qtbot: QtBot, panels: LivePanels, cloud: CloudView) -> None:
    cloud.show()
    qtbot.waitUntil(lambda: cloud.reason.text() == "No picture yet", timeout=WAIT_MS)
    panels.show_frame(view_of(1, predicted=False))
    qtbot.waitUntil(lambda: cloud.canvas.shown != [], timeout=WAIT_MS)
    assert last_depths_m(cloud) == [1.001]
    assert cloud.canvas.isVisible()
    assert cloud.caption.whole_text.startswith("No weights yet")
    cloud.lidar_box.click()
    qtbot.waitUntil(lambda: cloud.reason.isVisible(), timeout=WAIT_MS)
    assert cloud.reason.text().startswith("No weights yet")
    panels.show_frame(view_of(2))
    qtbot.waitUntil(lambda: last_depths_m(cloud) == [2.002], timeout=WAIT_MS)
    assert "tinted blue" in cloud.caption.whole_text
    cloud.predicted_box.click()
    qtbot.waitUntil(lambda: cloud.reason.text() == "Both clouds are switched off", timeout=WAIT_MS)
    cloud.lidar_box.click()
    empty = replace(make_frame(3), depth_m=np.zeros((32, 24), np.float32), camera=Camera.TRUEDEPTH)
    panels.show_frame(LiveFrame(empty))
    qtbot.waitUntil(lambda: cloud.reason.text() == "There is no reading to show", timeout=WAIT_MS)
    assert cloud.lidar_box.text() == "TrueDepth"
    panels.clear()
    qtbot.waitUntil(lambda: cloud.reason.text() == "No picture yet", timeout=WAIT_MS)
    panels.show_frame(view_of(4))
    qtbot.waitUntil(lambda: len(cloud.canvas.looks) == 2, timeout=WAIT_MS)


def test_its_colours_and_scales_are_those_of_the_pictures(qtbot: QtBot, panels: LivePanels, cloud: CloudView) -> None:
    cloud.show()
    panels.show_frame(view_of(1))
    qtbot.waitUntil(lambda: cloud.canvas is not None and cloud.canvas.shown != [], timeout=WAIT_MS)
    assert not cloud.bar.isVisible()
    seen = []
    for by in range(3):
        cloud.color_box.setCurrentIndex(by)
        count = len(cloud.canvas.shown)
        qtbot.waitUntil(lambda count=count: len(cloud.canvas.shown) > count or not cloud.is_due, timeout=WAIT_MS)
        seen.append(tuple(cloud.canvas.shown[-1][0].colours[-1]))
    assert len(set(seen)) == 3
    assert cloud.bar.isVisible()
    assert "too near" in cloud.caption.whole_text
    assert panels.scales.limit_m == pytest.approx(1.0)
    panels.grid.set_visible("difference", False)  # then it has a scale of its own
    assert panels.scales.limit_m is None
    cloud.color_box.setCurrentIndex(1)
    panels.change_options(replace(panels.options, colours="grey", far_m=2))
    qtbot.waitUntil(
        lambda: np.ptp(cloud.canvas.shown[-1][0].colours[-1, :3]) == 0 and not cloud.is_due, timeout=WAIT_MS
    )
    assert cloud.canvas.shown[-1][0].colours[-1, 0] == pytest.approx(0.5, abs=0.01), "1 m of 2"


def test_without_opengl_a_line_says_so_and_it_hides_itself(
    qtbot: QtBot, panels: LivePanels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a computer whose driver makes no context, or where PyOpenGL is not installed."""
    monkeypatch.setitem(sys.modules, "app.window.views.cloud_canvas", None)
    view = CloudView(panels)
    qtbot.addWidget(view)
    with qtbot.waitSignal(view.failed, timeout=WAIT_MS) as failed:
        view.show()
    assert failed.args[0].startswith("The point cloud cannot be drawn here: ")
    assert "install" in failed.args[0]
    assert view.isHidden()
    panels.show_frame(view_of(1))
    assert panels["lidar"].has_picture
