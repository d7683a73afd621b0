"""A picture with its title, its caption and its colour bar."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PyQt5.QtWidgets import QWidget

from app.application import ACCENT, DIM_TEXT, TEXT
from app.colors import NO_READING, STEPS, indexed_image
from capture.frame import UInt8Image

EMPTY = QColor(*NO_READING)
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
    Below it is room for `bar`, also where there is none, so that pictures side by side are of one size.
    """

    enlarged = pyqtSignal()  # by a double click or Enter: a person wants to see this one alone, or all again

    def __init__(self, title: str, tool_tip: str, bar: ColorBar | None = None) -> None:
        super().__init__()
        self.title, self.caption, self.empty = title, "", ""
        self.aspect = PORTRAIT
        self.bar = bar
        self._picture: QImage | None = None
        self.setToolTip(tool_tip)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if bar is not None:
            bar.setParent(self)

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
        """Pixels that title, caption and colour bar take above and below the picture."""
        title, caption = (QFontMetrics(font).height() for font in _fonts(self))
        return title + caption + 10 + bar_height(self)

    def pixels(self) -> tuple[int, int]:
        """(width, height) in which the picture is drawn, in pixels of the screen."""
        size = fitted(self.aspect, self._area()).size() * self.devicePixelRatioF()
        return size.width(), size.height()

    def _area(self) -> QRect:
        """What title, caption and bar leave for the picture."""
        title, caption = (QFontMetrics(font).height() + 5 for font in _fonts(self))
        return self.rect().adjusted(0, title, 0, -caption - bar_height(self))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        if self.bar is not None:
            height = bar_height(self)
            self.bar.setGeometry(0, self.height() - height, self.width(), height)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        self.enlarged.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarged.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        title, caption = _fonts(self)
        area = self._area()
        above, below = area.top(), QFontMetrics(caption).height() + 5
        painter = QPainter(self)
        painter.setFont(title)
        painter.setPen(ACCENT.lighter(150) if self.hasFocus() else TEXT)
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
        bottom = QRect(0, area.bottom() + 1, self.width(), below)
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
        self.show_table(table)
        self._low_m, self._high_m = 0.0, 1.0
        self.setToolTip(tool_tip)

    def show_table(self, table: UInt8Image) -> None:
        """Other colours from now on: uint8 (256, 3), index 0 left out."""
        self._ramp = indexed_image(np.arange(1, STEPS + 1, dtype=np.uint8)[None, :], table)
        self.update()

    def show_range(self, low_m: float, high_m: float) -> None:
        if (low_m, high_m) != (self._low_m, self._high_m):
            self._low_m, self._high_m = low_m, high_m
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, bar_height(self))

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


def bar_height(widget: QWidget) -> int:
    """Pixels of a colour bar in the widget's font: the colours, and the numbers below them."""
    return 16 + QFontMetrics(_fonts(widget)[1]).height()


def round_steps(low: float, high: float, most: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from `low` to `high`: at most about `most` of them."""
    rough = (high - low) / max(most, 1.0)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(float(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = int(np.ceil(low / step - 1e-6)), int(np.floor(high / step + 1e-6))
    return [round(i * step, 6) for i in range(first, last + 1)]
