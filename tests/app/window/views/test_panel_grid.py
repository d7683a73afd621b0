"""The grid of panels: which are visible, one of them alone, and what is marked in all of them."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.session.color_maps import TURBO
from app.session.readout import Marks
from app.widgets.color_bar import ColorBar
from app.widgets.image_panel import ImagePanel
from app.widgets.qimages import rgb_image
from app.widgets.theme import GAP
from app.window.views.grid_layout import GridSpace, arrange
from app.window.views.panel_grid import PanelGrid
from tests.support.pictures import color_at

NAMES = ("rgb", "predicted", "lidar", "difference", "edges_predicted", "edges_true", "confidence")
PAIRS = (("predicted", "lidar"), ("edges_predicted", "edges_true"))


def board(qtbot: QtBot, count: int = 4) -> PanelGrid:
    """Whose first panels are visible."""
    panels = {name: ImagePanel(name, "", ColorBar(TURBO, "") if "predicted" in name else None) for name in NAMES}
    made = PanelGrid(panels, NAMES[:count], PAIRS)
    qtbot.addWidget(made)
    made.show()
    return made


def places(made: PanelGrid) -> dict[str, QRect]:
    return {name: panel.geometry() for name, panel in made.panels.items() if panel.isVisibleTo(made)}


def test_panels_are_where_the_layout_puts_them(qtbot: QtBot) -> None:
    made = board(qtbot, 7)
    made.set_aspect(4 / 3)
    made.resize(900, 700)
    text_height = made.panels["rgb"].text_height()
    assert text_height == made.panels["predicted"].text_height(), "room for a colour bar is kept"
    boxes = arrange(NAMES, GridSpace(900, 700, 4 / 3, text_height, GAP), PAIRS)
    assert places(made) == {name: QRect(box.x, box.y, box.width, box.height) for name, box in boxes.items()}


def test_one_alone_and_all_again(qtbot: QtBot) -> None:
    made = board(qtbot)
    made.resize(1256, 600)
    before = places(made)
    qtbot.mouseDClick(made.panels["lidar"], Qt.MouseButton.LeftButton)
    alone = places(made)
    assert list(alone) == ["lidar"]
    assert alone["lidar"].height() > before["lidar"].height()
    assert (made.is_visible("lidar"), made.is_visible("rgb"), made.visible) == (True, False, list(NAMES[:4]))
    qtbot.mouseDClick(made.panels["lidar"], Qt.MouseButton.LeftButton)
    assert places(made) == before
    qtbot.keyClick(made.panels["rgb"], Qt.Key.Key_Return)
    assert list(places(made)) == ["rgb"]
    qtbot.keyClick(made.panels["rgb"], Qt.Key.Key_Escape)
    assert places(made) == before


def test_panels_are_shown_and_hidden_and_the_last_one_stays(qtbot: QtBot) -> None:
    made = board(qtbot, 2)
    with qtbot.waitSignal(made.visible_changed):
        made.set_visible("confidence", True)
    assert made.visible == ["rgb", "predicted", "confidence"]
    for name in ("rgb", "predicted", "confidence"):
        made.set_visible(name, False)
    assert made.visible == ["confidence"]
    made.choose(["difference", "rgb", "no such panel"])
    assert list(places(made)) == ["rgb", "difference"]


def test_names_of_another_version_are_passed_over(qtbot: QtBot) -> None:
    panels = {"rgb": ImagePanel("RGB", ""), "lidar": ImagePanel("LiDAR", "")}
    made = PanelGrid(panels, ["gone"])
    qtbot.addWidget(made)
    assert made.visible == ["rgb", "lidar"]


def test_a_recording_is_framed_in_red(qtbot: QtBot) -> None:
    made = board(qtbot)
    made.resize(600, 400)
    before = color_at(made.grab().toImage(), 1, 200)
    made.set_framed(True)
    red, green, blue = color_at(made.grab().toImage(), 1, 200)
    assert red > 180
    assert max(green, blue) < 120
    made.set_framed(False)
    assert color_at(made.grab().toImage(), 1, 200) == before


def place_in(panel: ImagePanel, x: float, y: float) -> QPoint:
    """The panel's point at these shares of its picture."""
    picture = panel.picture_rect()
    return QPoint(picture.left() + round(x * picture.width()), picture.top() + round(y * picture.height()))


def move(panel: ImagePanel, at: QPoint, held: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """The mouse over the panel; QTest's own needs a real pointer."""
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(at), Qt.MouseButton.NoButton, held, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(panel, event)


def with_pictures(qtbot: QtBot) -> PanelGrid:
    made = board(qtbot)
    made.resize(1256, 600)
    for panel in made.panels.values():
        panel.show_picture(rgb_image(np.full((96, 72, 3), 40, np.uint8)), "")
    return made


def test_what_is_pointed_at_is_marked_in_every_picture(qtbot: QtBot) -> None:
    made = with_pictures(qtbot)
    rgb, lidar = made.panels["rgb"], made.panels["lidar"]
    at = place_in(lidar, 0.5, 0.25)
    before = color_at(lidar.grab().toImage(), at.x(), at.y() + 60)
    move(rgb, place_in(rgb, 0.5, 0.25))
    assert made.marks.pointer is not None
    assert (made.marks.pointer.x, made.marks.pointer.y) == pytest.approx((0.5, 0.25), abs=0.01)
    assert before == (40, 40, 40)
    assert color_at(lidar.grab().toImage(), at.x(), at.y() + 60) == (255, 255, 255), "the crosshair"
    QApplication.sendEvent(rgb, QEvent(QEvent.Type.Leave))
    assert made.marks.pointer is None
    move(rgb, QPoint(3, 3))
    assert made.marks.pointer is None, "the title is no picture"


def test_two_clicks_are_a_distance_and_a_third_begins_anew(qtbot: QtBot) -> None:
    made = with_pictures(qtbot)
    lidar = made.panels["lidar"]
    for number, x in enumerate((0.2, 0.6, 0.9), start=1):
        qtbot.mouseClick(lidar, Qt.MouseButton.LeftButton, pos=place_in(lidar, x, 0.5))
        assert len(made.marks.points) == (1, 2, 1)[number - 1]
    assert made.marks.points[0].x == pytest.approx(0.9, abs=0.01)
    qtbot.keyClick(lidar, Qt.Key.Key_Escape)
    assert made.marks.points == ()


def test_dragging_marks_a_region_and_no_point(qtbot: QtBot) -> None:
    made = with_pictures(qtbot)
    lidar = made.panels["lidar"]
    qtbot.mousePress(lidar, Qt.MouseButton.LeftButton, pos=place_in(lidar, 0.2, 0.3))
    for x, y in ((0.5, 0.4), (0.8, 0.6)):
        move(lidar, place_in(lidar, x, y), Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(lidar, Qt.MouseButton.LeftButton, pos=place_in(lidar, 0.8, 0.6))
    assert made.marks.region is not None
    corners = [(round(place.x, 1), round(place.y, 1)) for place in made.marks.region]
    assert (corners, made.marks.points) == ([(0.2, 0.3), (0.8, 0.6)], ())
    qtbot.mouseDClick(lidar, Qt.MouseButton.LeftButton, pos=place_in(lidar, 0.5, 0.5))
    assert made.marks == Marks(), "another size, nothing marked"
