"""Small parts of the window and its dialogs."""

from __future__ import annotations

import html
from collections.abc import Callable

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.widgets.theme import GAP, style_banner


class PlainLabel(QLabel):
    """A label that shows text as it is: names and messages may contain < and &, which Qt takes for rich text."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)


def plain_tip(text: str) -> str:
    """Return text that a tool tip shows as it is; tool tips have no plain format."""
    is_taken_for_rich = "<" in text or "&lt;" in text  # Qt::mightBeRichText looks for these
    return f"<span style='white-space: pre'>{html.escape(text)}</span>" if is_taken_for_rich else text


class MessageBar(QFrame):
    """One line across the window with a button that closes it. `color`: of its left edge."""

    def __init__(self, color: str) -> None:
        super().__init__()
        style_banner(self, color)
        self._label = PlainLabel()
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        close = QToolButton()
        close.setText("×")
        close.setAutoRaise(True)
        close.setToolTip("Close this message")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(close, alignment=Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_message(self, text: str) -> None:
        """Replace the message; an empty text hides the bar."""
        self._label.setText(text)
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        """The message."""
        return self._label.text()


class ElidedLabel(PlainLabel):
    """One line that ends in an ellipsis if it is too long, so that it never widens the window."""

    def __init__(self, bold: bool = False) -> None:
        super().__init__()
        self.whole_text = ""
        font = self.font()
        font.setBold(bold)  # not by a style sheet: its font comes too late to be measured
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
        """Replace the text."""
        if text != self.whole_text:
            self.whole_text = text
            self.updateGeometry()
            self._elide()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.whole_text) + 4, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._elide()

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self.whole_text, Qt.TextElideMode.ElideRight, self.width()))


def button(text: str, tool_tip: str, pressed: Callable[[], None]) -> QPushButton:
    """Return a push button with some room, so that a longer text does not change its size."""
    made = QPushButton(text)
    made.setMinimumSize(max(96, made.fontMetrics().horizontalAdvance(text) + 28), 32)
    made.setToolTip(tool_tip)
    # a click must not take the keyboard: the space bar would press it again
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda: pressed())
    return made


def row(*widgets: QWidget | None) -> QHBoxLayout:
    """Return a layout of widgets side by side; None stretches."""
    made = QHBoxLayout()
    made.setSpacing(GAP)
    for widget in widgets:
        made.addStretch() if widget is None else made.addWidget(widget)
    return made


def add_dock(window: QMainWindow, title: str, content: QWidget) -> QDockWidget:
    """Add a hidden panel at the window's left side; a person can move it to the right, widen it and close it."""
    made = QDockWidget(title, window)
    made.setObjectName(title)  # the key of its saved place
    left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
    made.setAllowedAreas(Qt.DockWidgetAreas() | left | right)
    made.setWidget(content)
    window.addDockWidget(left, made)
    made.hide()
    return made
