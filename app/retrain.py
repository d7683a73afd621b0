"""The Retrain window: what to train on and what to judge by, how far it is, and whether to use the result."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.color_bar import GAP
from app.live import LiveSession
from app.recording_table import HELD_OUT, TRAIN, RecordingTable, list_recordings
from app.trainer import Trainer
from app.widgets import RED, MessageBar, button
from capture.frame import CaptureError
from model import store
from model.config import DEFAULT_PRESET, RECIPES, TrainConfig

DEFAULT_EPOCHS = RECIPES[DEFAULT_PRESET].epochs


class RetrainDialog(QDialog):
    """Chooses recordings, starts the trainer, shows its progress, and offers the new weights. Never modal.

    A thread named `listing` reads the recordings, because it may block on the disk; everything else is the Qt thread's.
    """

    listed = pyqtSignal(list)

    def __init__(self, session: LiveSession, recordings: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._recordings = session, recordings
        self._listing: threading.Thread | None = None
        self._weights: Path | None = None
        self._warned = False
        self.trainer = Trainer(self)
        self.setWindowTitle("Retrain")
        self.setModal(False)
        self.resize(640, 480)
        self._build()
        self.listed.connect(self.table.show_choices)
        self.trainer.told.connect(self._show_event)
        self.trainer.ended.connect(self._show_end)

    def open_again(self) -> None:
        """Show the window, with the recordings that are there now."""
        self.show()
        self.raise_()
        self.activateWindow()
        if not self.trainer.running and (self._listing is None or not self._listing.is_alive()):
            self._listing = threading.Thread(target=self._list, name="listing", daemon=True)
            self._listing.start()

    def warn_once_if_running(self) -> bool:
        """True the first time it is asked while a training runs."""
        warn = self.trainer.running and not self._warned
        self._warned = True
        return warn

    def shut_down(self) -> None:
        """End a training that runs and the listing; bounded by the trainer's time-out."""
        self.trainer.ended.disconnect(self._show_end)
        self.trainer.shut_down()
        if self._listing is not None:
            self._listing.join(5)
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Closing hides it: a training goes on, and Retrain shows it again."""
        if event is not None:
            event.ignore()
        self.hide()

    def start(self) -> None:
        """Train on what is ticked; does nothing while a training runs."""
        if self.trainer.running:
            return
        self.message.show_message("")
        try:
            config = self.config()
        except CaptureError as error:
            self.message.show_message(str(error))
            return
        self._weights, self._warned = None, False
        self.offer.hide()
        self.progress.setValue(0)
        self.stage.setText("Starting the trainer…")
        self.trainer.start(config)
        self._enable()

    def config(self) -> TrainConfig:
        """The training that is ticked. Raises CaptureError where nothing is."""
        train, held_out = self.table.ticked(TRAIN), self.table.ticked(HELD_OUT)
        if not train:
            raise CaptureError("Tick at least one recording under Train. To make one, press Record in the window.")
        return TrainConfig(
            data=tuple(map(str, train + held_out)),
            out=str(store.new_version_folder()),
            held_out=tuple(map(str, held_out)),
            epochs=self.epochs.value(),
        )

    def use_new_weights(self) -> None:
        """Put the new version in use, here and for the next start."""
        assert self._weights is not None
        try:
            self._session.use_weights(store.use(self._weights))
            self.stage.setText(f"In use: {self._weights.name}")
            self.offer.hide()
        except CaptureError as error:
            self.message.show_message(str(error))

    def keep_current(self) -> None:
        self.stage.setText("Kept the weights in use. The new ones stay on disk: lidarlive weights list")
        self.offer.hide()

    def _list(self) -> None:
        self.listed.emit(list_recordings(self._recordings))

    def _enable(self) -> None:
        """What can be pressed now, and what is said about the choice."""
        running = self.trainer.running
        held_out = len(self.table.ticked(HELD_OUT))
        self.table.setEnabled(not running)
        self.epochs.setEnabled(not running)
        self.start_button.setEnabled(not running and bool(self.table.ticked(TRAIN)))
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        if not self.table.choices:
            about = f"There are no recordings in {self._recordings} yet: press Record in the window."
        elif held_out:
            which = "one recording" if held_out == 1 else f"{held_out} recordings"
            about = f"The result is judged on {which} that the training never sees."
        else:
            about = "Nothing is held out: the result will not be validated. With two recordings or more it can be."
        self.about.setText(about)

    def _show_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "progress":
            self.progress.setValue(round(1000 * float(event["fraction"])))
            self.stage.setText(progress_line(event))
        elif event["event"] == "done":
            self._weights = Path(event["weights"])
            self.result_text.setText(result_text(self._weights.name, event["report"]))

    def _show_end(self, message: str) -> None:
        self._enable()
        if message:
            self.stage.setText("")
            self.message.show_message(message)
        else:
            self.stage.setText("")
            self.offer.show()
        self.show()  # hidden while it ran, perhaps

    def _build(self) -> None:
        self.table = RecordingTable()
        self.table.ticks_changed.connect(self._enable)
        self.about, self.stage, self.result_text = QLabel(), QLabel(), QLabel()
        for label in (self.about, self.stage, self.result_text):
            label.setWordWrap(True)
        self.message = MessageBar(RED)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.epochs = QSpinBox()
        self.epochs.setRange(1, 1000)
        self.epochs.setValue(DEFAULT_EPOCHS)
        self.epochs.setToolTip("Passes over the recordings, for each of the two networks")
        self.start_button = button("Start", "Train on the ticked recordings; the live view goes on", self.start)
        self.cancel_button = button("Cancel", "End the training; nothing is saved", self.trainer.cancel)
        buttons = _row(QLabel("Epochs"), self.epochs, None, self.cancel_button, self.start_button)
        self.use_button = button("Use", "Predict with the new weights from now on", self.use_new_weights)
        self.keep_button = button("Keep current", "Go on with the weights in use", self.keep_current)
        self.offer = QWidget()
        column = QVBoxLayout(self.offer)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.result_text)
        column.addLayout(_row(None, self.keep_button, self.use_button))
        self.offer.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(10)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.about)
        layout.addLayout(buttons)
        for widget in (self.message, self.progress, self.stage, self.offer):
            layout.addWidget(widget)
        self._enable()


def progress_line(event: dict[str, Any]) -> str:
    """What the trainer is doing, how fast, and how long it will take."""
    if event["stage"] == "rooms":
        return f"Rendering rooms to train on besides, once: {event['step']} of {event['steps']}"
    if event["stage"] == "converting":
        return f"Converting the networks and measuring them{_left(event.get('eta_s'))}"
    network = f"{str(event['stage']).capitalize()} network"
    about = f"{network}, epoch {event['epoch']} of {event['epochs']}, {event['images_per_s']:.3g} images/s"
    return about + _left(event.get("eta_s"))


def _left(eta_s: float | None) -> str:
    if eta_s is None:
        return ""
    return f", about {eta_s / 60:.0f} min left" if eta_s >= 90 else f", about {eta_s:.0f} s left"


def result_text(name: str, report: dict[str, Any]) -> str:
    """The figures of the new weights on the held-out recordings, those of the weights before them where known."""
    if not report.get("validated"):
        return f"New weights: {name}\nNot validated: nothing was held out, so nothing is known about other rooms."
    after, before = report["all"]["near"], (report.get("before") or {}).get("near") or {}
    figures = []
    for key, label, unit in (("rmse_m", "RMSE", " m"), ("abs_rel", "AbsRel", "")):
        old = f"{before[key]:.3f} → " if before.get(key) is not None else ""
        new = f"{after[key]:.3f}{unit}" if after.get(key) is not None else "not measurable"
        figures.append(f"{label} {old}{new}")
    return f"New weights: {name}\nOn the held-out recordings (0.2 to 5 m): {', '.join(figures)}"


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Side by side; None is what stretches."""
    row = QHBoxLayout()
    row.setSpacing(GAP)
    for widget in widgets:
        row.addStretch() if widget is None else row.addWidget(widget)
    return row
