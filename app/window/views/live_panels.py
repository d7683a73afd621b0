"""The pictures of a frame: RGB, both depths and their difference, both edges, confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PyQt5.QtCore import pyqtSignal

from app.session.color_maps import (
    CONFIDENCE,
    DIVERGING,
    GREY,
    SmoothRange,
    confidence_indices,
    depth_indices,
    difference_indices,
    edge_indices,
    white_of,
)
from app.session.display_options import DisplayOptions
from app.session.live_session import LiveFrame, LiveStatus
from app.session.orientation import AS_RECEIVED, OrientationTracker, Rotation
from app.session.readout import Marks
from app.session.status_text import length
from app.widgets.color_bar import ColorBar
from app.widgets.image_panel import ImagePanel
from app.widgets.qimages import indexed_image, rgb_image
from app.window.views.panel_grid import PanelGrid
from capture.frame import Camera, DepthMap, Frame
from model.data import targets
from model.predictor import Prediction

NO_WEIGHTS = "No weights yet: record, then press Retrain"
HIGH_CONFIDENCE = 2
DEPTH_TIP = "Metres along the camera's axis, as the colours below; dark grey has no reading"
DEPTH_BAR_TIP = "The colours of both depths, in metres"
EDGES_TIP = "The brighter, the more the depth changes from pixel to pixel"
USUAL = ("rgb", "predicted", "lidar", "difference")  # what is seen until a person chooses


@dataclass(frozen=True)
class Scales:
    """What is drawn with the end colours: depth in metres, and the difference, None while that is not drawn."""

    near_m: float
    far_m: float
    limit_m: float | None = None


class LivePanels(PanelGrid):
    """Draws a View. Both depths share one colour scale; the difference has its own, symmetrical about zero.

    Each half of the pair of networks is beside what it should have said: predicted depth and the LiDAR's, predicted
    edges and those of the LiDAR's depth, always of the same frame. Only what is seen is drawn.
    """

    redrawn = pyqtSignal()

    def __init__(self, seen: Sequence[str], appearance: DisplayOptions) -> None:
        self.rgb = ImagePanel("RGB", "What the phone's camera sees")
        self.predicted = ImagePanel(
            "Predicted depth",
            f"What the network says from the RGB alone.\n{DEPTH_TIP}",
            ColorBar(appearance.table, DEPTH_BAR_TIP),
        )
        self.lidar = ImagePanel(
            "LiDAR depth", f"What the phone measured.\n{DEPTH_TIP}", ColorBar(appearance.table, DEPTH_BAR_TIP)
        )
        self.difference_bar = ColorBar(DIVERGING, "The colours of the difference: predicted minus measured")
        self.difference = ImagePanel(
            "Difference",
            "Predicted minus measured depth, both of the same frame.\n"
            "Blue: predicted too near. Red: predicted too far. Dark grey: nothing to compare with.",
            self.difference_bar,
        )
        self.edges_predicted = ImagePanel("Predicted edges", f"What the gradient network says of the RGB.\n{EDGES_TIP}")
        self.edges_true = ImagePanel("LiDAR edges", f"Of the measured depth of the same frame.\n{EDGES_TIP}")
        self.confidence = ImagePanel(
            "Confidence", "How sure the phone is of its depth.\nGreen: high, amber: medium, red: low"
        )
        super().__init__(
            {
                "rgb": self.rgb,
                "predicted": self.predicted,
                "lidar": self.lidar,
                "difference": self.difference,
                "edges_predicted": self.edges_predicted,
                "edges_true": self.edges_true,
                "confidence": self.confidence,
            },
            seen,
            pairs=(("predicted", "lidar"), ("edges_predicted", "edges_true")),
        )
        self.difference_bar.hide()  # until there is a difference
        self.appearance = appearance
        self._range, self._upright = SmoothRange(), OrientationTracker()
        self.scales = Scales(*self._range.depth())
        self.drawn = LiveFrame()
        self.seen_changed.connect(lambda: self._draw(frame_is_new=True))

    def show_view(self, view: LiveFrame) -> None:
        """Draw what is new in `view`."""
        if view.frame is not None:
            frame_is_new, self.drawn = view.frame is not self.drawn.frame, view
            self._draw(frame_is_new)

    def clear(self) -> None:
        """Nothing is seen any more: another source will come."""
        self.drawn, self._range, self._upright = LiveFrame(), SmoothRange(), OrientationTracker()
        self.mark(Marks())
        self.difference_bar.hide()
        for panel in self.panels.values():
            panel.show_picture(None, "")
        self.redrawn.emit()

    def change(self, appearance: DisplayOptions) -> None:
        """Show depth otherwise from now on."""
        self.appearance = appearance
        for panel in (self.predicted, self.lidar):
            assert panel.bar is not None
            panel.bar.show_table(appearance.table)
        self._draw(frame_is_new=True)

    def show_status(self, status: LiveStatus) -> None:
        """Why there is no prediction, as long as there is none."""
        predicting = status.predicting
        if predicting.weights or predicting.loading:
            self.predicted.say("Waiting for the first prediction…" if predicting.weights else "Loading the weights…")
            nothing = ""
        else:
            self.predicted.say(predicting.error or NO_WEIGHTS)
            nothing = "Nothing to compare the LiDAR with yet"
        for panel in (self.difference, self.edges_predicted, self.edges_true):
            panel.say(nothing)

    def _draw(self, frame_is_new: bool) -> None:
        frame, prediction, predicted_frame = self.drawn.frame, self.drawn.prediction, self.drawn.predicted_frame
        if frame is None:
            return
        if frame_is_new:
            self._show_frame(frame)
        self._show_depths(frame, prediction)
        if prediction is not None and predicted_frame is not None:
            self._show_difference(prediction, predicted_frame)
            self._show_edges(prediction, predicted_frame)
        self.redrawn.emit()

    def _show_frame(self, frame: Frame) -> None:
        """What needs the frame alone, and no scale."""
        turn = self._upright.turn(frame) if self.appearance.orientation == "upright" else AS_RECEIVED
        self.set_turn(turn.turned(self.appearance.quarter_turns))
        width, height = self.turn.seen_size(*frame.rgb_size)
        self.set_aspect(width / height)
        self.lidar.title = "LiDAR depth" if frame.camera is Camera.LIDAR else "TrueDepth depth"
        if self.is_seen("rgb"):
            self._show_rgb(frame)
        if self.is_seen("confidence"):
            self._show_confidence(frame)

    def _show_rgb(self, frame: Frame) -> None:
        """Decoded no larger than it is drawn."""
        width, height = frame.rgb_size
        try:
            picture = rgb_image(frame.rgb_for(self.rgb.pixels()))
        except ValueError:
            self.rgb.say("This picture is damaged")
            self.rgb.show_picture(None, "")
        else:
            self.rgb.show_picture(picture, f"{width} × {height} pixels{turn_caption(self.turn)}")

    def _show_confidence(self, frame: Frame) -> None:
        if frame.confidence is None:
            self.confidence.say("This camera sends no confidence map")
            self.confidence.show_picture(None, "")
        else:
            picture = indexed_image(confidence_indices(frame.confidence), CONFIDENCE)
            self.confidence.show_picture(picture, confidence_caption(frame))

    def _show_depths(self, frame: Frame, prediction: Prediction | None) -> None:
        """Both in one scale."""
        maps_m = [frame.depth_m] if prediction is None else [frame.depth_m, prediction.depth_m]
        near_m, far_m = self._range.depth(*maps_m)
        if self.appearance.far_m is not None:
            near_m, far_m = 0.0, float(self.appearance.far_m)
        self.scales = Scales(near_m, far_m)
        for panel in (self.predicted, self.lidar):
            assert panel.bar is not None
            panel.bar.show_range(near_m, far_m)
        if self.is_seen("lidar"):
            indices, table = self.appearance.measured(depth_indices(frame.depth_m, near_m, far_m), frame)
            self.lidar.show_picture(indexed_image(indices, table), lidar_caption(frame))
        if self.is_seen("predicted") and prediction is not None:
            picture = indexed_image(depth_indices(prediction.depth_m, near_m, far_m), self.appearance.table)
            self.predicted.show_picture(picture, f"in {prediction.seconds * 1000:.0f} ms")

    def _show_difference(self, prediction: Prediction, frame: Frame) -> None:
        if not self.is_seen("difference"):
            return
        difference = self.appearance.error_m(prediction.depth_m, frame)
        limit_m = self._range.difference(difference)
        self.scales = replace(self.scales, limit_m=limit_m)
        self.difference_bar.show_range(-limit_m, limit_m)
        self.difference_bar.show()
        picture = indexed_image(difference_indices(difference, limit_m), DIVERGING)
        self.difference.show_picture(picture, difference_caption(difference))

    def _show_edges(self, prediction: Prediction, frame: Frame) -> None:
        """Each to its own white: presets differ in what their gradient network measures."""
        if self.is_seen("edges_predicted"):
            picture = indexed_image(edge_indices(prediction.edges, white_of(prediction.edges)), GREY)
            self.edges_predicted.show_picture(picture, "")
        if self.is_seen("edges_true"):
            edges = targets.edges(frame.depth_m)
            white = white_of(edges)
            known = np.where(frame.depth_m > 0, edges, np.float32(np.nan))
            picture = indexed_image(edge_indices(known, white), GREY)
            self.edges_true.show_picture(picture, f"white: {white:.0%} a pixel")


def lidar_caption(frame: Frame) -> str:
    """Which share of the map may be relied on, as far as the phone says."""
    if frame.confidence is None:
        return "no confidence map"
    return f"{np.mean(frame.confidence == HIGH_CONFIDENCE):.0%} confident"


def turn_caption(turn: Rotation) -> str:
    """What was done to the picture as received before it is seen."""
    flipped = ", flipped" if turn.mirrored else ""
    return f"{flipped}, turned {90 * turn.quarter_turns}°" if turn.quarter_turns else flipped


def confidence_caption(frame: Frame) -> str:
    """The share of the best and of the worst level; the rest is between."""
    high, low = (float(np.mean(frame.confidence == level)) for level in (HIGH_CONFIDENCE, 0))
    return f"{high:.0%} high, {low:.0%} low"


def difference_caption(difference: DepthMap) -> str:
    """The mean of its size over all pixels that could be compared."""
    sizes = np.abs(difference[np.isfinite(difference)])
    if not sizes.size:
        return "no reading to compare with"
    return f"mean {length(float(sizes.mean()))}"
