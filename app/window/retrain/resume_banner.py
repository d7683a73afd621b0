"""Banner that offers to resume an interrupted training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QFrame, QVBoxLayout

from app.widgets.background import Background
from app.widgets.basic import PlainLabel, button, row
from app.widgets.theme import AMBER, style_banner
from model.training.interrupted import Interrupted, discard


class ResumeBanner(QFrame):
    """Hidden where there is none. `resume` carries the TrainConfig to resume with.

    A thread named `discard` deletes its files, as it may block on the disk; the buttons are disabled meanwhile.
    """

    resume = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._training: Interrupted | None = None
        self.background = Background()
        style_banner(self, AMBER)
        self.label = PlainLabel()
        self.label.setWordWrap(True)
        self.resume_button = button("Resume", "Continue from its last finished epoch", self._resume)
        self.discard_button = button("Discard", "Delete what was trained", self._discard)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(self.label)
        layout.addLayout(row(None, self.discard_button, self.resume_button))
        self.hide()

    def show_newest(self, trainings: Sequence[Interrupted]) -> None:
        """Offer the first of these, if any; ignored while one is being discarded."""
        if self.background.is_running("discard"):
            return
        self._training = trainings[0] if trainings else None
        self.setVisible(self._training is not None)
        if self._training is not None:
            self.label.setText(offer_line(self._training))

    def _resume(self) -> None:
        if self._training is not None:
            self.hide()
            self.resume.emit(self._training.config)

    def _discard(self) -> None:
        if self._training is None:
            return
        out = Path(self._training.config.out)
        self._enable(False)
        self.background.run_in_order("discard", lambda: discard(out), lambda _: self.hide(), lambda: self._enable(True))

    def _enable(self, enabled: bool) -> None:
        self.discard_button.setText("Discard" if enabled else "Discarding…")
        for each in (self.discard_button, self.resume_button):
            each.setEnabled(enabled)


def offer_line(training: Interrupted) -> str:
    """Its recordings, its last epoch, and when it was interrupted."""
    held_out = set(training.config.held_out or ())
    names = ", ".join(Path(path).name for path in training.config.data if path not in held_out)
    when = f"{training.when.astimezone():%d %b, %H:%M}"
    return (
        f"A training on {names} was interrupted on {when}, after epoch {training.epoch} of the {training.task} network."
    )
