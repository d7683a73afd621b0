"""Panels, colour bars, and how the board arranges them."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import QRect
from pytestqt.qtbot import QtBot

from app.colors import DIVERGING, NO_READING, TURBO, rgb_image
from app.panels import GAP, Board, ColorBar, Panel, fitted, round_steps


def color_at(image, x: int, y: int) -> tuple[int, int, int]:
    color = image.pixelColor(x, y)
    return color.red(), color.green(), color.blue()


def red_image(width: int, height: int):
    return rgb_image(np.full((height, width, 3), (250, 10, 20), np.uint8))


@given(st.floats(-20, 20, allow_subnormal=False), st.floats(0.01, 60), st.floats(1, 30))
def test_steps_are_round_within_the_range_and_not_too_many(low: float, span: float, most: float) -> None:
    steps = round_steps(low, low + span, most)
    assert len(steps) <= most + 1
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
    panel = Panel("RGB", "tip")
    qtbot.addWidget(panel)
    panel.resize(150, 200 + panel.text_height())
    panel.say("No weights yet")
    empty = panel.grab().toImage()
    assert color_at(empty, 5, 30) == NO_READING
    colours = {color_at(empty, x, y) for x in range(150) for y in range(80, 160)}
    assert len(colours) > 2, "no words in the empty panel"
    panel.show_picture(red_image(72, 96), "a caption")
    assert panel.has_picture
    shown = panel.grab().toImage()
    assert color_at(shown, 75, panel.height() // 2) == (250, 10, 20)
    rows = range(panel.height() - 14, panel.height())
    caption = {color_at(shown, x, y) for x in range(150) for y in rows}
    assert len(caption) > 1, "no caption"


def board(qtbot: QtBot) -> Board:
    panels = tuple(Panel(title, "") for title in ("RGB", "Predicted", "LiDAR", "Difference"))
    made = Board(panels, ColorBar(TURBO, ""), ColorBar(DIVERGING, ""))
    qtbot.addWidget(made)
    return made


def parts(made: Board) -> list[QRect]:
    return [child.geometry() for child in made.children()]


@pytest.mark.parametrize("aspect", [0.75, 4 / 3])
@pytest.mark.parametrize("size", [(480, 320), (776, 500), (1256, 700), (1896, 980), (600, 1200)])
def test_nothing_overlaps_or_leaves_the_board(qtbot: QtBot, size: tuple[int, int], aspect: float) -> None:
    made = board(qtbot)
    made.set_aspect(aspect)
    made.resize(*size)
    made.arrange()
    places = parts(made)
    for i, place in enumerate(places):
        assert made.rect().contains(place)
        assert not any(place.intersects(other) for other in places[i + 1 :])
    assert len({(place.width(), place.height()) for place in places[:4]}) == 1, "the four pictures are of one size"
    text = Panel("RGB", "").text_height()
    assert places[0].width() / (places[0].height() - text) == pytest.approx(aspect, rel=0.02)


def test_four_in_a_row_where_it_is_wide_and_two_by_two_where_it_is_narrow(qtbot: QtBot) -> None:
    made = board(qtbot)
    made.resize(1256, 600)
    made.arrange()
    rgb, predicted, lidar, difference, depth_bar, _ = parts(made)
    assert rgb.top() == predicted.top() == lidar.top() == difference.top()
    assert rgb.right() < predicted.left() < lidar.left() < difference.left()
    assert (depth_bar.left(), depth_bar.right()) == (predicted.left(), lidar.right())
    made.resize(600, 1000)
    made.arrange()
    rgb, predicted, lidar, difference, depth_bar, difference_bar = parts(made)
    assert rgb.top() == difference.top() < predicted.top() == lidar.top()
    assert (depth_bar.left(), depth_bar.right()) == (predicted.left(), lidar.right())
    assert difference_bar.left() == difference.left()


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
