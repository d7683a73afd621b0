"""Page during a training: its progress, its losses, and its prediction for one frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app.session.color_maps import TURBO, SmoothRange, depth_indices
from app.widgets.background import Background
from app.widgets.basic import PlainLabel, button, row
from app.widgets.image_panel import ImagePanel
from app.widgets.inline_question import InlineQuestion
from app.widgets.qimages import indexed_image, rgb_image
from app.widgets.theme import AMBER, GAP, color_text
from app.window.retrain.setup_page import duration
from app.window.retrain.training_plot import TrainingPlot
from capture.errors import LidarliveError
from capture.frame import DepthMap, Frame
from capture.recording import Recording
from model.events import Asked, Epoch, Event, Preview, Progress, Started
from model.report import SAME_WALK
from model.training.preview import predicted_m

TASKS = {"gradient": "Gradient network", "finetune": "Both networks"}
CANCEL = "Discard what was trained so far?"


class ProgressPage(QWidget):
    """`stop` requests an end that keeps the best epoch so far, `cancel` one that keeps nothing.

    A thread named `preview` reads the frame to show, once, as it may block on the disk.
    """

    stop, cancel = pyqtSignal(), pyqtSignal()
    read = pyqtSignal(object, str)  # the Frame or None, and its name

    def __init__(self) -> None:
        super().__init__()
        self.background = Background()
        self._frame: Frame | None = None
        self._shown: Preview | None = None
        self._epoch = 0
        self._build()
        self.read.connect(self._show_frame)

    def begin(self) -> None:
        """Reset the page for another training."""
        self._frame, self._shown = None, None
        self.plot.clear()
        self.ask.hide()
        self.bar.setValue(0)
        self.stage.setText("Starting the trainer…")
        self.judged.hide()
        self.stop_button.setEnabled(True)
        self.cancel_button.setEnabled(True)
        for panel in (self.rgb, self.lidar, self.predicted):
            panel.show_reason("")

    def show_event(self, event: Event) -> None:
        """Show an event of the trainer."""
        if isinstance(event, Progress):
            self.bar.setValue(round(1000 * event.fraction))
            self.stage.setText(progress_line(event))
        elif isinstance(event, Started):
            self.judged.setVisible(event.same_walk)
            self.judged.setText(f"Judged on the last fifth of {', '.join(event.held_out)}. {SAME_WALK.capitalize()}.")
            self.plot.show_titles(event.same_walk)
        elif isinstance(event, Epoch):
            self.plot.add(event)
            self._epoch = event.epoch
            if event.preview is not None:
                self._show_preview(event.preview)
        elif isinstance(event, Asked):
            early = "Stopping after the first epoch of the last network…"
            self.stage.setText(early if event.early else "Stopping, and keeping the best epoch…")

    def _show_preview(self, preview: Preview) -> None:
        first, self._shown = self._shown is None, preview
        if first:
            self.background.start("preview", lambda: self._read(preview))
        else:
            self._draw()

    def _read(self, preview: Preview) -> None:
        path, index = Path(preview.recording), preview.frame
        try:
            self.read.emit(Recording(path)[index], f"{path.name}, frame {index + 1}")
        except (LidarliveError, IndexError):  # deleted since: the prediction is shown without it
            self.read.emit(None, path.name)

    def _show_frame(self, frame: Frame | None, which: str) -> None:
        self._frame = frame
        if frame is not None:
            self.rgb.show_picture(rgb_image(frame.rgb_for(self.rgb.pixels())), which)
        self._draw()

    def _draw(self) -> None:
        """Draw LiDAR depth and prediction in one scale."""
        if self._shown is None:
            return
        depth_m = predicted_m(self._shown)
        maps_m = [depth_m] if self._frame is None else [self._frame.depth_m, depth_m]
        near_m, far_m = SmoothRange().depth(*maps_m)
        aspect = depth_m.shape[1] / depth_m.shape[0]
        for panel in (self.rgb, self.lidar, self.predicted):
            panel.aspect = aspect
        if self._frame is not None:
            self.lidar.show_picture(_picture(self._frame.depth_m, near_m, far_m), f"{near_m:.1f} to {far_m:.1f} m")
        self.predicted.show_picture(_picture(depth_m, near_m, far_m), f"after epoch {self._epoch}")

    def _ask_cancel(self) -> None:
        self.ask.confirm(CANCEL, "Discard", self._cancel)

    def _cancel(self) -> None:
        self.stage.setText("Ending, and discarding what was trained…")
        self.stop_button.setEnabled(False)
        self.cancel_button.setEnabled(False)
        self.cancel.emit()

    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.stop.emit()

    def _build(self) -> None:
        self.stage, self.bar, self.plot, self.ask = PlainLabel(), QProgressBar(), TrainingPlot(), InlineQuestion()
        self.judged = PlainLabel()
        color_text(self.judged, AMBER)
        for label in (self.stage, self.judged):
            label.setWordWrap(True)
        self.bar.setRange(0, 1000)
        self.rgb = ImagePanel("RGB", "A held-out frame, or a training frame where none is held out; always the same")
        self.lidar = ImagePanel("LiDAR depth", "Measured by the phone")
        self.predicted = ImagePanel("Predicted depth", "Predicted by the networks now, in the colours of the LiDAR's")
        self.predicted.show_reason("After the first epoch")
        pictures = QHBoxLayout()
        pictures.setSpacing(GAP)
        for panel in (self.rgb, self.lidar, self.predicted):
            panel.setMinimumHeight(140)
            pictures.addWidget(panel, 1)
        self.stop_button = button("Stop, keep the best", "End now with the best epoch so far", self._stop)
        self.cancel_button = button("Cancel", "End now and keep nothing", self._ask_cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.stage)
        layout.addWidget(self.bar)
        layout.addWidget(self.judged)
        layout.addWidget(self.plot, 1)
        layout.addLayout(pictures, 2)
        layout.addWidget(self.ask)
        layout.addLayout(row(None, self.cancel_button, self.stop_button))


def progress_line(event: Progress) -> str:
    """What the trainer is doing, how fast, and how long it will take."""
    left = "" if event.eta_s is None else f", {duration(event.eta_s)} left"
    if event.stage == "rooms":
        return f"Rendering rooms to train on as well, once: {event.step} of {event.steps}"
    if event.stage == "converting":
        return f"Converting the networks and measuring them{left}"
    network = TASKS.get(event.stage, event.stage.capitalize())
    return f"{network}, epoch {event.epoch} of {event.epochs}, {event.images_per_s:.3g} images/s{left}"


def _picture(depth_m: DepthMap, near_m: float, far_m: float) -> QImage:
    return indexed_image(depth_indices(np.ascontiguousarray(depth_m), near_m, far_m), TURBO)
