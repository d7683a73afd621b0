"""The four pictures of a frame: RGB, predicted depth, LiDAR depth, and how far the one is from the other."""

from __future__ import annotations

import numpy as np

from app.colors import (
    DIVERGING,
    TURBO,
    SmoothRange,
    depth_indices,
    difference_indices,
    difference_m,
    indexed_image,
    rgb_image,
)
from app.live import LiveStatus, View
from app.panels import Board, ColorBar, Panel
from capture.frame import Camera, DepthMap, Frame

NO_WEIGHTS = "No weights yet: record, then press Retrain"
HIGH_CONFIDENCE = 2
DEPTH_TIP = "Metres along the camera's axis: blue is near, red is far, dark grey has no reading"


class Comparison(Board):
    """Draws a View. Both depths share one colour scale; the difference has its own, symmetrical about zero."""

    def __init__(self) -> None:
        self.rgb = Panel("RGB", "The picture as the phone sends it")
        self.predicted = Panel("Predicted depth", f"What the network says from the RGB alone.\n{DEPTH_TIP}")
        self.lidar = Panel("LiDAR depth", f"What the phone measured.\n{DEPTH_TIP}")
        self.difference = Panel(
            "Difference",
            "Predicted minus measured depth, both of the same frame.\n"
            "Blue: predicted too near. Red: predicted too far. Dark grey: nothing to compare with.",
        )
        self.depth_bar = ColorBar(TURBO, "The colours of both depths, in metres")
        self.difference_bar = ColorBar(DIVERGING, "The colours of the difference: predicted minus measured")
        super().__init__((self.rgb, self.predicted, self.lidar, self.difference), self.depth_bar, self.difference_bar)
        self.difference_bar.hide()  # until there is a difference
        self._range = SmoothRange()
        self.drawn = View()

    def show_view(self, view: View) -> None:
        """Draw what is new in `view`."""
        frame, prediction = view.frame, view.prediction
        if frame is None:
            return
        if frame is not self.drawn.frame:
            self._show_rgb(frame)
            self.lidar.title = "LiDAR depth" if frame.camera is Camera.LIDAR else "TrueDepth depth"
        self.drawn = view
        near_m, far_m = self._range.depth(frame.depth_m, *([prediction.depth_m] if prediction is not None else []))
        self.depth_bar.show_range(near_m, far_m)
        lidar = indexed_image(depth_indices(frame.depth_m, near_m, far_m), TURBO)
        self.lidar.show_picture(lidar, lidar_caption(frame))
        if prediction is None or view.predicted_frame is None:
            return
        predicted = indexed_image(depth_indices(prediction.depth_m, near_m, far_m), TURBO)
        self.predicted.show_picture(predicted, f"in {prediction.seconds * 1000:.0f} ms")
        self._show_difference(difference_m(prediction.depth_m, view.predicted_frame.depth_m))

    def show_status(self, status: LiveStatus) -> None:
        """Why there is no prediction, as long as there is none."""
        predicting = status.predicting
        if predicting.weights or predicting.loading:
            self.predicted.say("Waiting for the first prediction…" if predicting.weights else "Loading the weights…")
            self.difference.say("")
        else:
            self.predicted.say(predicting.error or NO_WEIGHTS)
            self.difference.say("Nothing to compare the LiDAR with yet")

    def _show_rgb(self, frame: Frame) -> None:
        """Decoded no larger than it is drawn."""
        width, height = frame.rgb_size
        self.set_aspect(width / height)
        try:
            picture = rgb_image(frame.rgb_for(self.rgb.pixels()))
        except ValueError:
            self.rgb.say("This picture is damaged")
            self.rgb.show_picture(None, "")
        else:
            self.rgb.show_picture(picture, f"{width} × {height} pixels")

    def _show_difference(self, difference: DepthMap) -> None:
        limit_m = self._range.difference(difference)
        self.difference_bar.show_range(-limit_m, limit_m)
        self.difference_bar.show()
        picture = indexed_image(difference_indices(difference, limit_m), DIVERGING)
        self.difference.show_picture(picture, difference_caption(difference))


def lidar_caption(frame: Frame) -> str:
    """Which share of the map may be relied on, as far as the phone says."""
    if frame.confidence is None:
        return "no confidence map"
    return f"{np.mean(frame.confidence == HIGH_CONFIDENCE):.0%} confident"


def difference_caption(difference: DepthMap) -> str:
    """The mean of its size over all pixels that could be compared."""
    sizes = np.abs(difference[np.isfinite(difference)])
    if not sizes.size:
        return "no reading to compare with"
    mean_m = float(sizes.mean())
    return f"mean {mean_m * 100:.1f} cm" if mean_m < 1 else f"mean {mean_m:.2f} m"
