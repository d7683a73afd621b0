"""A training that was interrupted, offered to go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QLabel, QVBoxLayout

from app.widgets.basic import button, row
from app.widgets.theme import AMBER
from capture.errors import LidarliveError
from model.training.interrupted import Interrupted, discard


class ResumeBanner(QFrame):
    """Hidden where there is none. `resume` carries the TrainConfig to go on with, `failed` one line for the person."""

    resume, failed = pyqtSignal(object), pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._left: Interrupted | None = None
        self.setObjectName("offer")
        self.setStyleSheet(f"QFrame#offer {{ background: #2b2d32; border-left: 4px solid {AMBER}; }}")
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.go_on_button = button("Go on", "Train on from its last whole epoch", self._go_on)
        self.discard_button = button("Throw away", "Delete what was trained", self._discard)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(self.label)
        layout.addLayout(row(None, self.discard_button, self.go_on_button))
        self.hide()

    def show_newest(self, left: Sequence[Interrupted]) -> None:
        """Offer the first of these; none: nothing."""
        self._left = left[0] if left else None
        self.setVisible(self._left is not None)
        if self._left is not None:
            self.label.setText(offer_line(self._left))

    def _go_on(self) -> None:
        if self._left is not None:
            self.hide()
            self.resume.emit(self._left.config)

    def _discard(self) -> None:
        if self._left is None:
            return
        try:
            discard(Path(self._left.config.out))
        except LidarliveError as error:
            self.failed.emit(str(error))
        else:
            self.hide()


def offer_line(left: Interrupted) -> str:
    """What it was trained on, how far it came, and when."""
    held_out = set(left.config.held_out or ())
    names = ", ".join(Path(path).name for path in left.config.data if path not in held_out)
    when = f"{left.when.astimezone():%d %b, %H:%M}"
    return f"A training on {names} was interrupted on {when}, after epoch {left.epoch} of the {left.task} network."
