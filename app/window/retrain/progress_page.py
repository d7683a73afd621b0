"""While a training runs: what it does, how far it is, how good it has become, and what it says of one frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.session.color_maps import TURBO, SmoothRange, depth_indices
from app.widgets.background import Background
from app.widgets.basic import button, row
from app.widgets.image_panel import ImagePanel
from app.widgets.inline_question import InlineQuestion
from app.widgets.qimages import indexed_image, rgb_image
from app.widgets.theme import GAP
from app.window.retrain.setup_page import duration
from app.window.retrain.training_plot import TrainingPlot
from capture.errors import LidarliveError
from capture.frame import DepthMap, Frame
from capture.recording import Recording
from model.training.preview import predicted_m

TASKS = {"gradient": "Gradient network", "finetune": "Both networks"}
CANCEL = "Throw away what was trained so far?"


class ProgressPage(QWidget):
    """`stop` asks for an end that keeps the best so far, `cancel` for one that keeps nothing.

    A thread named `preview` reads the frame that is shown, once, because it may block on the disk.
    """

    stop, cancel = pyqtSignal(), pyqtSignal()
    read = pyqtSignal(object, str)  # the Frame or None, and which it is

    def __init__(self) -> None:
        super().__init__()
        self.background = Background()
        self._frame: Frame | None = None
        self._shown: dict[str, Any] | None = None
        self._epoch = 0
        self._build()
        self.read.connect(self._show_frame)

    def begin(self) -> None:
        """Another training starts."""
        self._frame, self._shown = None, None
        self.plot.clear()
        self.ask.hide()
        self.bar.setValue(0)
        self.stage.setText("Starting the trainer…")
        self.stop_button.setEnabled(True)
        for panel in (self.rgb, self.lidar, self.predicted):
            panel.show_picture(None, "")

    def show_event(self, event: dict[str, Any]) -> None:
        """As the trainer tells them; see model.train."""
        if event["event"] == "progress":
            self.bar.setValue(round(1000 * float(event["fraction"])))
            self.stage.setText(progress_line(event))
        elif event["event"] == "epoch":
            self.plot.add(event)
            self._epoch = int(event["epoch"])
            if event.get("preview"):
                self._show_preview(event["preview"])
        elif event["event"] == "asked":
            early = "It stops as soon as there is something to keep…"
            self.stage.setText(early if event["early"] else "Stopping, and keeping the best…")

    def _show_preview(self, preview: dict[str, Any]) -> None:
        first, self._shown = self._shown is None, preview
        if first:
            self.background.start("preview", lambda: self._read(preview))
        else:
            self._draw()

    def _read(self, preview: dict[str, Any]) -> None:
        path, index = Path(preview["recording"]), int(preview["frame"])
        try:
            self.read.emit(Recording(path)[index], f"{path.name}, frame {index + 1}")
        except (LidarliveError, IndexError):  # deleted since: the prediction is worth a look without it too
            self.read.emit(None, path.name)

    def _show_frame(self, frame: Frame | None, which: str) -> None:
        self._frame = frame
        if frame is not None:
            self.rgb.show_picture(rgb_image(frame.rgb_for(self.rgb.pixels())), which)
        self._draw()

    def _draw(self) -> None:
        """LiDAR and prediction in one scale."""
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
        self.ask.confirm(CANCEL, "Throw it away", self.cancel.emit)

    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.stop.emit()

    def _build(self) -> None:
        self.stage, self.bar, self.plot, self.ask = QLabel(), QProgressBar(), TrainingPlot(), InlineQuestion()
        self.stage.setWordWrap(True)
        self.bar.setRange(0, 1000)
        self.rgb = ImagePanel("RGB", "A frame that the training does not see, where one is held out; always the same")
        self.lidar = ImagePanel("LiDAR depth", "What the phone measured")
        self.predicted = ImagePanel("Predicted depth", "What the networks say of it now, in the colours of the LiDAR's")
        self.predicted.say("After the first epoch")
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
        layout.addWidget(self.plot, 1)
        layout.addLayout(pictures, 2)
        layout.addWidget(self.ask)
        layout.addLayout(row(None, self.cancel_button, self.stop_button))


def progress_line(event: dict[str, Any]) -> str:
    """What the trainer is doing, how fast, and how long it will take."""
    left = "" if event.get("eta_s") is None else f", {duration(event['eta_s'])} left"
    if event["stage"] == "rooms":
        return f"Rendering rooms to train on besides, once: {event['step']} of {event['steps']}"
    if event["stage"] == "converting":
        return f"Converting the networks and measuring them{left}"
    network = TASKS.get(event["stage"], str(event["stage"]).capitalize())
    return f"{network}, epoch {event['epoch']} of {event['epochs']}, {event['images_per_s']:.3g} images/s{left}"


def _picture(depth_m: DepthMap, near_m: float, far_m: float) -> Any:  # noqa: ANN401
    return indexed_image(depth_indices(np.ascontiguousarray(depth_m), near_m, far_m), TURBO)
