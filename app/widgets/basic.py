"""The small parts that the window and its dialogs are made of."""

from __future__ import annotations

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

from app.widgets.theme import GAP


class MessageBar(QFrame):
    """One line across the window, with a button that closes it. `colour` is that of its left edge."""

    def __init__(self, colour: str) -> None:
        super().__init__()
        self.setObjectName("message")
        self.setStyleSheet(f"QFrame#message {{ background: #2b2d32; border-left: 4px solid {colour}; }}")
        self._label = QLabel()
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
        """Replaces what was said before; an empty text takes it away."""
        self._label.setText(text)
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        return self._label.text()


class ElidedLabel(QLabel):
    """One line that gives way: where there is no room it ends in an ellipsis, and never widens the window."""

    def __init__(self, bold: bool = False) -> None:
        super().__init__()
        self.whole_text = ""
        font = self.font()
        font.setBold(bold)  # not by a style sheet: its font comes too late to be measured
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
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
    """A push button, roomy enough for its longest text to come."""
    made = QPushButton(text)
    made.setMinimumSize(max(96, made.fontMetrics().horizontalAdvance(text) + 28), 32)
    made.setToolTip(tool_tip)
    # a click must not take the keyboard: the space bar would press it again
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda: pressed())
    return made


def row(*widgets: QWidget | None) -> QHBoxLayout:
    """Side by side; None is what stretches."""
    made = QHBoxLayout()
    made.setSpacing(GAP)
    for widget in widgets:
        made.addStretch() if widget is None else made.addWidget(widget)
    return made


def side(window: QMainWindow, title: str, content: QWidget) -> QDockWidget:
    """A panel at the window's left side, hidden at first; it can be moved to the right one, made wider, and closed."""
    made = QDockWidget(title, window)
    made.setObjectName(title)  # by which its place is remembered
    left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
    made.setAllowedAreas(Qt.DockWidgetAreas() | left | right)
    made.setWidget(content)
    window.addDockWidget(left, made)
    made.hide()
    return made
