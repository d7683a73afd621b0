"""All colours, fonts, spacing and style sheets of the window."""

from __future__ import annotations

from PyQt5.QtGui import QColor, QFont, QPalette
from PyQt5.QtWidgets import QFrame, QWidget

from app.session import color_maps

GAP = 12  # pixels between panels and around the grid
FONT_POINTS = 10.0  # at least; some platforms' default is smaller

BACKGROUND, SURFACE, BUTTON = QColor(*color_maps.BACKGROUND), QColor(33, 35, 39), QColor(48, 51, 57)
TEXT, DIM_TEXT, ACCENT = QColor(*color_maps.TEXT), QColor(160, 165, 172), QColor(72, 132, 240)
DISABLED_TEXT, DARK_TEXT = QColor(110, 114, 120), QColor(20, 20, 22)  # the dark one on light badges
EMPTY = QColor(*color_maps.NO_READING)  # in place of a picture
MARK, MARK_SHADOW = QColor(255, 255, 255), QColor(0, 0, 0, 150)  # in pictures, on any colour
RED, AMBER, BLUE, GREEN = "#e5484d", "#f0b429", "#4884f0", "#46a758"  # error, warning, information, success
LIGHT_RED, GREY = "#ff6369", "#a0a5ac"  # for text on a dark ground
STATE_COLOURS = {"ok": GREEN, "warning": AMBER, "failed": LIGHT_RED, "skipped": GREY}

RAISED, BORDER, DISABLED_BORDER, CODE_GROUND = "#2b2d32", "#8a8f98", "#50545b", "#3a3d44"
# The style's own check boxes are near black on a dark palette.
CHECK_BOXES = f"""
    {{name}}::indicator {{{{ width: 14px; height: 14px; border: 1px solid {BORDER}; border-radius: 3px }}}}
    {{name}}::indicator:checked {{{{ background: {BLUE}; border-color: {BLUE} }}}}
    {{name}}::indicator:indeterminate {{{{ background: {AMBER}; border-color: {AMBER} }}}}
    {{name}}::indicator:focus {{{{ border-color: {TEXT.name()} }}}}
    {{name}}::indicator:disabled {{{{ border-color: {DISABLED_BORDER} }}}}
    {{name}}::indicator:checked:disabled {{{{ background: {DISABLED_BORDER} }}}}
"""


def fonts(widget: QWidget) -> tuple[QFont, QFont]:
    """Return the fonts of titles and captions."""
    title, caption = QFont(widget.font()), QFont(widget.font())
    title.setBold(True)
    caption.setPointSizeF(max(8.0, caption.pointSizeF() - 1))
    return title, caption


def larger_font(widget: QWidget, factor: float) -> QFont:
    """Return the widget's font, enlarged."""
    font = QFont(widget.font())
    font.setPointSizeF(font.pointSizeF() * factor)
    return font


def color_text(widget: QWidget, color: str | QColor = "", selector: str = "") -> None:
    """Set the colour of a widget's text, or the palette's own again if `color` is empty.

    `selector`: the class it applies to; without one it also applies to all children.
    """
    rule = f"color: {QColor(color).name()}" if color else ""
    widget.setStyleSheet(f"{selector} {{ {rule} }}" if rule and selector else rule)


def style_banner(frame: QFrame, color: str) -> None:
    """Raise a frame from the background, with a coloured left edge."""
    frame.setObjectName("banner")
    frame.setStyleSheet(f"QFrame#banner {{ background: {RAISED}; border-left: 4px solid {color}; }}")


def style_card(frame: QFrame) -> None:
    """Give a frame a ground of its own with round corners."""
    frame.setObjectName("card")
    frame.setStyleSheet(f"QFrame#card {{ background: {SURFACE.name()}; border-radius: 6px; }}")


def style_popup(frame: QFrame) -> None:
    """Set a pop-up with check boxes off from the pictures below it."""
    frame.setObjectName("popup")
    border = f"QFrame#popup {{ background: {RAISED}; border: 1px solid {BORDER} }}"
    frame.setStyleSheet(border + CHECK_BOXES.format(name="QCheckBox"))


def style_check_table(table: QWidget) -> None:
    """Make the check boxes in a table's cells visible."""
    table.setStyleSheet(CHECK_BOXES.format(name="QTableView") + "QTableView::indicator { margin-left: 10px }")


def dark_palette() -> QPalette:
    """The colours of everything that sets none of its own."""
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
        palette.setColor(QPalette.ColorGroup.Disabled, role, DISABLED_TEXT)
    return palette
