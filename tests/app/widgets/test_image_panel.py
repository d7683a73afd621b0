"""Panels, colour bars, and how the board arranges them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from app.session.color_maps import NO_READING, TURBO
from app.session.orientation import Rotation
from app.session.readout import Marks, Place
from app.widgets.color_bar import ColorBar, bar_height, round_steps
from app.widgets.image_panel import ImagePanel, fitted
from app.widgets.qimages import rgb_image
from app.widgets.theme import GAP
from tests.support.orientations import EVERY_TURN
from tests.support.pictures import color_at


def red_image(width: int, height: int):
    return rgb_image(np.full((height, width, 3), (250, 10, 20), np.uint8))


@given(st.floats(-20, 20, allow_subnormal=False), st.floats(0.01, 60), st.floats(1, 30))
def test_steps_are_round_within_the_range_and_not_too_many(low: float, span: float, most: float) -> None:
    steps = round_steps(low, low + span, most)
    assert len(steps) <= most / 0.999 + 1.001  # the step is rounded so much
    assert all(low - 1e-4 * span <= value <= low + span * 1.0001 for value in steps)
    gaps = np.diff(steps)
    assert np.all(gaps > 0)
    if len(gaps):
        mantissa = gaps[0] / 10.0 ** np.floor(np.log10(gaps[0]) + 1e-6)
        assert min(abs(mantissa - m) for m in (1, 2, 5, 10)) < 1e-3


def test_steps_of_a_depth_and_of_a_difference() -> None:
    assert round_steps(0.83, 2.71, 4) == [1.0, 1.5, 2.0, 2.5]
    assert round_steps(-11, 11, 4) == [-10.0, 0.0, 10.0]


@pytest.mark.parametrize("aspect", [0.75, 4 / 3, 1.0, 9 / 16])
def test_a_picture_keeps_its_aspect(aspect: float) -> None:
    area = QRect(5, 7, 300, 200)
    rectangle = fitted(aspect, area)
    assert area.contains(rectangle)
    assert rectangle.width() == 300 or rectangle.height() == 200
    assert rectangle.width() / rectangle.height() == pytest.approx(aspect, rel=0.02)


def test_a_panel_shows_its_picture_or_says_why_there_is_none(qtbot: QtBot) -> None:
    panel = ImagePanel("RGB", "tip")
    qtbot.addWidget(panel)
    panel.resize(150, 200 + panel.text_height())
    panel.show_reason("No weights yet")
    empty = panel.grab().toImage()
    assert color_at(empty, 5, 30) == NO_READING
    colours = {color_at(empty, x, y) for x in range(150) for y in range(80, 160)}
    assert len(colours) > 2, "no words in the empty panel"
    panel.show_picture(red_image(72, 96), "a caption")
    assert panel.has_picture
    shown = panel.grab().toImage()
    assert color_at(shown, 75, panel.height() // 2) == (250, 10, 20)
    end = panel.height() - bar_height(panel)
    rows = range(end - 14, end)
    caption = {color_at(shown, x, y) for x in range(150) for y in rows}
    assert len(caption) > 1, "no caption"


def test_a_double_click_or_enter_asks_for_it_alone(qtbot: QtBot) -> None:
    panel = ImagePanel("RGB", "tip")
    qtbot.addWidget(panel)
    panel.show()
    with qtbot.waitSignal(panel.enlarged):
        qtbot.mouseDClick(panel, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(panel.enlarged):
        qtbot.keyClick(panel, Qt.Key.Key_Return)
    with qtbot.assertNotEmitted(panel.enlarged):
        qtbot.keyClick(panel, Qt.Key.Key_A)


def test_a_bar_stands_below_the_caption(qtbot: QtBot) -> None:
    bar = ColorBar(TURBO, "")
    panel = ImagePanel("Depth", "tip", bar)
    qtbot.addWidget(panel)
    panel.resize(150, 200 + panel.text_height())
    panel.show()
    assert (bar.x(), bar.width(), bar.y() + bar.height()) == (0, 150, panel.height())
    panel.show_picture(red_image(72, 96), "")
    shown = panel.grab().toImage()
    assert color_at(shown, 0, bar.y() + 4) == tuple(TURBO[1])
    assert panel.pixels() == (150, 200)


def test_a_color_bar_runs_from_low_to_high(qtbot: QtBot) -> None:
    bar = ColorBar(TURBO, "")
    qtbot.addWidget(bar)
    bar.resize(200 + GAP, bar.sizeHint().height())
    bar.show_range(0.5, 2.5)
    shown = bar.grab().toImage()
    assert color_at(shown, 0, 4) == tuple(TURBO[1])
    assert color_at(shown, bar.width() - 1, 4) == tuple(TURBO[255])
    below = {color_at(shown, x, y) for x in range(bar.width()) for y in range(14, bar.height())}
    assert len(below) > 1, "no numbers below the bar"


def turned_panel(qtbot: QtBot, turn: Rotation) -> ImagePanel:
    """Whose picture, of 72x96 as received, is red but for a white quarter at its upper left."""
    panel = ImagePanel("RGB", "tip")
    qtbot.addWidget(panel)
    panel.turn = turn
    width, height = turn.displayed_size(72, 96)
    panel.aspect = width / height
    panel.resize(217, 190 + panel.text_height())
    picture = np.full((96, 72, 3), (250, 10, 20), np.uint8)
    picture[:48, :36] = 255
    panel.show_picture(rgb_image(picture), "")
    return panel


@pytest.mark.parametrize("turn", EVERY_TURN)
def test_a_place_is_where_it_was_pointed_at_however_the_picture_is_turned(qtbot: QtBot, turn: Rotation) -> None:
    panel = turned_panel(qtbot, turn)
    shown = panel.grab().toImage()
    picture = panel.picture_rect()
    width, height = turn.displayed_size(picture.width(), picture.height())
    assert panel.pixels() == (width, height), "of the picture as received"
    assert width / height == pytest.approx(0.75, rel=0.02)
    for x in range(picture.left(), picture.right() + 1, 7):
        for y in range(picture.top(), picture.bottom() + 1, 7):
            place = panel.place(QPoint(x, y))
            assert place is not None
            assert panel.point(place) == QPoint(x, y)
            if min(abs(place.x - 0.5), abs(place.y - 0.5)) > 0.05:
                white = place.x < 0.5 and place.y < 0.5
                assert color_at(shown, x, y) == ((255, 255, 255) if white else (250, 10, 20))


@pytest.mark.parametrize("turn", EVERY_TURN)
def test_marks_stay_on_what_they_mark(qtbot: QtBot, turn: Rotation) -> None:
    panel = turned_panel(qtbot, turn)
    panel.show_marks(Marks(region=(Place(0.1, 0.1), Place(0.4, 0.4))))
    shown = panel.grab().toImage()
    corner, opposite = panel.point(Place(0.1, 0.1)), panel.point(Place(0.4, 0.4))
    middle = panel.point(Place(0.25, 0.25))
    assert color_at(shown, middle.x(), middle.y()) == (255, 255, 255), "nothing is drawn there"
    for x in (corner.x(), opposite.x()):
        beside = {color_at(shown, x + step, middle.y()) for step in range(-3, 4)}
        assert any(max(color) < 150 for color in beside), "the dark edge of the region's line"
