"""What the window is made of: a picture with its title and caption, a colour bar, and the board that arranges them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PyQt5.QtCore import QRect, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PyQt5.QtWidgets import QWidget

from app.application import DIM_TEXT, TEXT
from app.colors import NO_READING, STEPS, indexed_image
from capture.frame import UInt8Image

EMPTY, RECORDING = QColor(*NO_READING), QColor(229, 72, 77)
Align = Qt.AlignmentFlag
PORTRAIT = 0.75  # width / height of a phone's picture held upright, until a frame says otherwise
GAP = 12  # pixels between panels and around the board


def _fonts(widget: QWidget) -> tuple[QFont, QFont]:
    """Title and caption."""
    title, caption = QFont(widget.font()), QFont(widget.font())
    title.setBold(True)
    caption.setPointSizeF(max(8.0, caption.pointSizeF() - 1))
    return title, caption


class Panel(QWidget):
    """A title, a picture, and a caption. Without a picture it says why there is none.

    Whatever its own size, the picture is drawn with `aspect` (width / height): maps of all sizes cover the same view.
    """

    def __init__(self, title: str, tool_tip: str) -> None:
        super().__init__()
        self.title, self.caption, self.empty = title, "", ""
        self.aspect = PORTRAIT
        self._picture: QImage | None = None
        self.setToolTip(tool_tip)
        self.setAccessibleName(title)

    def say(self, empty: str) -> None:
        """What stands in the picture's place while there is none."""
        if empty != self.empty:
            self.empty = empty
            self.update()

    def show_picture(self, picture: QImage | None, caption: str) -> None:
        self._picture, self.caption = picture, caption
        self.update()

    @property
    def has_picture(self) -> bool:
        return self._picture is not None

    def text_height(self) -> int:
        """Pixels that the title and the caption take above and below the picture."""
        title, caption = _fonts(self)
        return QFontMetrics(title).height() + QFontMetrics(caption).height() + 10

    def pixels(self) -> tuple[int, int]:
        """(width, height) in which the picture is drawn, in pixels of the screen."""
        size = fitted(self.aspect, self._area()).size() * self.devicePixelRatioF()
        return size.width(), size.height()

    def _area(self) -> QRect:
        """What title and caption leave for the picture."""
        title, caption = (QFontMetrics(font).height() + 5 for font in _fonts(self))
        return self.rect().adjusted(0, title, 0, -caption)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        title, caption = _fonts(self)
        area = self._area()
        above, below = area.top(), self.height() - area.bottom() - 1
        painter = QPainter(self)
        painter.setFont(title)
        painter.setPen(TEXT)
        painter.drawText(
            0,
            0,
            self.width(),
            above,
            Align.AlignLeft | Align.AlignTop,
            self._elided(self.title, title),
        )
        if self._picture is None:
            painter.fillRect(area, EMPTY)
            painter.setFont(self.font())
            painter.setPen(DIM_TEXT)
            painter.drawText(
                area.adjusted(GAP, GAP, -GAP, -GAP), Align.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty
            )
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(fitted(self.aspect, area), self._picture)
        painter.setFont(caption)
        painter.setPen(DIM_TEXT)
        bottom = QRect(0, self.height() - below, self.width(), below)
        painter.drawText(bottom, Align.AlignLeft | Align.AlignBottom, self._elided(self.caption, caption))

    def _elided(self, text: str, font: QFont) -> str:
        return QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, self.width())


def fitted(aspect: float, area: QRect) -> QRect:
    """The largest rectangle with `aspect`, width / height, in the middle of `area`."""
    width = min(area.width(), round(area.height() * aspect))
    height = min(area.height(), round(area.width() / aspect))
    return QRect(area.left() + (area.width() - width) // 2, area.top() + (area.height() - height) // 2, width, height)


class ColorBar(QWidget):
    """A colour map from its low to its high end, with round numbers in metres (or centimetres) below it."""

    def __init__(self, table: UInt8Image, tool_tip: str) -> None:
        super().__init__()
        self._ramp = indexed_image(np.arange(1, STEPS + 1, dtype=np.uint8)[None, :], table)
        self._low_m, self._high_m = 0.0, 1.0
        self.setToolTip(tool_tip)

    def show_range(self, low_m: float, high_m: float) -> None:
        if (low_m, high_m) != (self._low_m, self._high_m):
            self._low_m, self._high_m = low_m, high_m
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 12 + QFontMetrics(_fonts(self)[1]).height() + 4)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        font = _fonts(self)[1]
        metrics = QFontMetrics(font)
        painter = QPainter(self)
        painter.drawImage(QRect(0, 0, self.width(), 10), self._ramp)
        painter.setFont(font)
        painter.setPen(DIM_TEXT)
        unit, per_m = ("cm", 100.0) if max(abs(self._low_m), abs(self._high_m)) < 1 else ("m", 1.0)
        room = self.width() / (metrics.horizontalAdvance("-00.0") + GAP)
        values = round_steps(self._low_m * per_m, self._high_m * per_m, room)
        free = self.width()  # from the right: the last number carries the unit and must have its place
        for value in reversed(values):
            x = round((value / per_m - self._low_m) / (self._high_m - self._low_m) * (self.width() - 1))
            painter.drawLine(x, 10, x, 13)
            text = f"{value:+g}" if self._low_m < 0 < abs(value) else f"{value:g}"
            text += f" {unit}" if value == values[-1] else ""
            width = metrics.horizontalAdvance(text)
            left = min(max(0, x - width // 2), self.width() - width)
            if left + width <= free:
                painter.drawText(left, 14 + metrics.ascent(), text)
                free = left - GAP // 2


def round_steps(low: float, high: float, most: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from `low` to `high`: at most about `most` of them."""
    rough = (high - low) / max(most, 1.0)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(float(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = int(np.ceil(low / step - 1e-6)), int(np.floor(high / step + 1e-6))
    return [round(i * step, 6) for i in range(first, last + 1)]


class Board(QWidget):
    """Four panels and two colour bars: in a row, or two by two, whichever makes the pictures larger.

    In a row the depth bar runs below both depth panels; two by two these are the lower row, so that it still does.
    """

    def __init__(
        self, panels: tuple[Panel, Panel, Panel, Panel], depth_bar: ColorBar, difference_bar: ColorBar
    ) -> None:
        """`panels`: RGB, predicted depth, LiDAR depth, difference."""
        super().__init__()
        self._panels, self._depth_bar, self._difference_bar = panels, depth_bar, difference_bar
        self._aspect = PORTRAIT
        self._framed = False
        for child in (*panels, depth_bar, difference_bar):
            child.setParent(self)
        self.setMinimumSize(480, 320)

    def set_aspect(self, aspect: float) -> None:
        """Width / height of the pictures."""
        if abs(aspect - self._aspect) > 1e-3:
            self._aspect = aspect
            for panel in self._panels:
                panel.aspect = aspect
            self.arrange()

    def set_framed(self, framed: bool) -> None:
        """A red frame around everything: what is seen is being recorded."""
        if framed != self._framed:
            self._framed = framed
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._framed:
            painter = QPainter(self)
            painter.setPen(QPen(RECORDING, 3))
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self.arrange()

    def arrange(self) -> None:
        text, bar = self._panels[0].text_height(), self._depth_bar.sizeHint().height()
        row, grid = self._picture_size(4, 1, text, bar), self._picture_size(2, 2, text, bar)
        (self._as_row if row.width() >= grid.width() else self._as_grid)(max(row, grid, key=QSize.width), text, bar)

    def _picture_size(self, columns: int, rows: int, text: int, bar: int) -> QSize:
        """The largest picture that fits `columns` x `rows` times with titles, captions, a bar a row, and gaps."""
        width = (self.width() - (columns + 1) * GAP) / columns
        height = (self.height() - (rows + 1) * GAP) / rows - text - bar
        width = max(16.0, min(width, height * self._aspect))
        return QSize(int(width), int(width / self._aspect))

    def _as_row(self, picture: QSize, text: int, bar: int) -> None:
        place = self._places(picture, text, bar, 4, 1)
        for i, panel in enumerate(self._panels):
            panel.setGeometry(place(i, 0))
        self._depth_bar.setGeometry(below(place(1, 0).united(place(2, 0)), bar))
        self._difference_bar.setGeometry(below(place(3, 0), bar))

    def _as_grid(self, picture: QSize, text: int, bar: int) -> None:
        place = self._places(picture, text, bar, 2, 2)
        rgb, predicted, lidar, difference = self._panels
        for panel, column, row in ((rgb, 0, 0), (difference, 1, 0), (predicted, 0, 1), (lidar, 1, 1)):
            panel.setGeometry(place(column, row))
        self._depth_bar.setGeometry(below(place(0, 1).united(place(1, 1)), bar))
        self._difference_bar.setGeometry(below(place(1, 0), bar))

    def _places(self, picture: QSize, text: int, bar: int, columns: int, rows: int) -> Callable[[int, int], QRect]:
        """Where the panel of a column and row goes; all of them together stand in the middle."""
        width, height = picture.width(), picture.height() + text
        left = (self.width() - columns * width - (columns - 1) * GAP) // 2
        top = (self.height() - rows * (height + bar) - (rows - 1) * GAP) // 2
        return lambda column, row: QRect(left + column * (width + GAP), top + row * (height + bar + GAP), width, height)


def below(panel: QRect, height: int) -> QRect:
    """A strip of this height right below `panel`."""
    return QRect(panel.left(), panel.bottom() + 4, panel.width(), height - 4)
