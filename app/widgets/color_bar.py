"""A colour bar with its numbers."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRect, QSize
from PyQt5.QtGui import QFontMetrics, QPainter, QPaintEvent
from PyQt5.QtWidgets import QWidget

from app.session.color_maps import STEPS
from app.widgets.qimages import indexed_image
from app.widgets.theme import DIM_TEXT, GAP, fonts
from capture.jpeg import UInt8Image


class ColorBar(QWidget):
    """A colour map from its low to its high end, with round numbers in metres (or centimetres) below it."""

    def __init__(self, table: UInt8Image, tool_tip: str) -> None:
        super().__init__()
        self.show_table(table)
        self._low_m, self._high_m = 0.0, 1.0
        self.setToolTip(tool_tip)

    def show_table(self, table: UInt8Image) -> None:
        """Change the colours: uint8 (256, 3); index 0, no reading, is left out."""
        self._ramp = indexed_image(np.arange(1, STEPS + 1, dtype=np.uint8)[None, :], table)
        self.update()

    def show_range(self, low_m: float, high_m: float) -> None:
        """Change the ends of the scale."""
        if (low_m, high_m) != (self._low_m, self._high_m):
            self._low_m, self._high_m = low_m, high_m
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, bar_height(self))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        font = fonts(self)[1]
        metrics = QFontMetrics(font)
        painter = QPainter(self)
        painter.drawImage(QRect(0, 0, self.width(), 10), self._ramp)
        painter.setFont(font)
        painter.setPen(DIM_TEXT)
        unit, per_m = ("cm", 100.0) if max(abs(self._low_m), abs(self._high_m)) < 1 else ("m", 1.0)
        room = self.width() / (metrics.horizontalAdvance("-00.0") + GAP)
        values = round_steps(self._low_m * per_m, self._high_m * per_m, room)
        free = self.width()  # from the right: the last number carries the unit and is never left out
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
    """Return the height in pixels of a colour bar with its numbers, in the widget's font."""
    return 16 + QFontMetrics(fonts(widget)[1]).height()


def round_steps(low: float, high: float, most: float) -> list[float]:
    """Return multiples of 1, 2 or 5 times a power of ten from `low` to `high`: about `most` of them at most."""
    rough = (high - low) / max(most, 1.0)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(float(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = int(np.ceil(low / step - 1e-6)), int(np.floor(high / step + 1e-6))
    return [round(i * step, 6) for i in range(first, last + 1)]
