"""Colours, fonts, spacing and style sheets of the window: all of them, and nowhere else."""

from __future__ import annotations

from PyQt5.QtGui import QColor, QFont, QPalette
from PyQt5.QtWidgets import QWidget

from app.session import color_maps

GAP = 12  # pixels between panels and around the board
FONT_POINTS = 10.0  # where the platform's own default is smaller

BACKGROUND, SURFACE, BUTTON = QColor(*color_maps.BACKGROUND), QColor(33, 35, 39), QColor(48, 51, 57)
TEXT, DIM_TEXT, ACCENT = QColor(*color_maps.TEXT), QColor(160, 165, 172), QColor(72, 132, 240)
EMPTY = QColor(*color_maps.NO_READING)  # where a picture has nothing to show
RED, AMBER, BLUE = "#e5484d", "#f0b429", "#4884f0"  # what went wrong, what is merely so, what was done
LIGHT_RED = "#ff6369"  # for words on dark ground


def fonts(widget: QWidget) -> tuple[QFont, QFont]:
    """Title and caption."""
    title, caption = QFont(widget.font()), QFont(widget.font())
    title.setBold(True)
    caption.setPointSizeF(max(8.0, caption.pointSizeF() - 1))
    return title, caption


def dark_palette() -> QPalette:
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, BACKGROUND),
        (QPalette.ColorRole.Base, SURFACE),
        (QPalette.ColorRole.AlternateBase, BACKGROUND),
        (QPalette.ColorRole.Button, BUTTON),
        (QPalette.ColorRole.ToolTipBase, SURFACE),
        (QPalette.ColorRole.WindowText, TEXT),
        (QPalette.ColorRole.Text, TEXT),
        (QPalette.ColorRole.ButtonText, TEXT),
        (QPalette.ColorRole.ToolTipText, TEXT),
        (QPalette.ColorRole.BrightText, TEXT),
        (QPalette.ColorRole.Highlight, ACCENT),
        (QPalette.ColorRole.HighlightedText, TEXT),
    ):
        palette.setColor(role, colour)
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(110, 114, 120))
    return palette
