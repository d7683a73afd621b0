"""A question inside a panel, with its answers below: no dialog gets in the way of a running recording."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout

from app.widgets.basic import PlainLabel
from app.widgets.theme import AMBER, style_banner

CANCEL = "Cancel"
Do = Callable[[], None]


def _nothing() -> None: ...


class InlineQuestion(QFrame):
    """Hidden until something is asked. A new question replaces an unanswered one; Esc hides it without an answer."""

    def __init__(self) -> None:
        super().__init__()
        style_banner(self, AMBER)
        self._do = self._otherwise = _nothing
        self.label, self.field = PlainLabel(), QLineEdit()
        self.yes, self.no = QPushButton(), QPushButton(CANCEL)
        self.label.setWordWrap(True)
        self.yes.clicked.connect(self._answer)
        self.no.clicked.connect(self._refuse)
        self.field.returnPressed.connect(self._answer)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.no)
        buttons.addWidget(self.yes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(self.label)
        layout.addWidget(self.field)
        layout.addLayout(buttons)
        self.hide()

    def confirm(self, question: str, yes: str, do: Do, no: str = CANCEL, otherwise: Do = _nothing) -> None:
        """Ask with two buttons: `do` runs if `yes` is pressed, `otherwise` if `no` is."""
        self._show(question, yes, do, no, otherwise)
        self.field.hide()
        self.no.setFocus()

    def ask_text(self, question: str, text: str, yes: str, do: Callable[[str], None]) -> None:
        """Ask for a line of text, `text` at first; `do` receives it."""
        self._show(question, yes, lambda: do(self.field.text()), CANCEL, _nothing)
        self.field.setText(text)
        self.field.show()
        self.field.selectAll()
        self.field.setFocus()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _show(self, question: str, yes: str, do: Do, no: str, otherwise: Do) -> None:
        self._do, self._otherwise = do, otherwise
        self.no.setText(no)
        self.label.setText(question)
        self.yes.setText(yes)
        self.show()

    def _answer(self) -> None:
        self.hide()
        self._do()

    def _refuse(self) -> None:
        self.hide()
        self._otherwise()
