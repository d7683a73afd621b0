"""The views of the window: what each one is called, and how it is drawn from a moment of the live session.

A new view is one class here and one line in VIEWS: panel, menu entry, shortcut, help page and docs/window.md follow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.session.color_maps import (
    CONFIDENCE,
    DIVERGING,
    GREY,
    confidence_indices,
    depth_indices,
    difference_indices,
    edge_indices,
    white_of,
)
from app.session.display_options import DisplayOptions
from app.session.orientation import Rotation
from app.session.predictor_thread import PredictorStatus
from app.session.status_text import length
from capture.frame import Camera, DepthMap, Frame
from capture.jpeg import UInt8Image
from model.data import targets
from model.predictor import Prediction

HIGH_CONFIDENCE, LOW_CONFIDENCE = 2, 0
DEPTH_TIP = "Metres along the camera's axis, in the colours below. Dark grey: no reading."
EDGES_TIP = "The brighter, the more the depth changes from pixel to pixel."


@dataclass(frozen=True)
class Scales:
    """Ends of the colour scales: of depth in metres, and of the difference, None while no difference is drawn."""

    near_m: float
    far_m: float
    limit_m: float | None = None


@dataclass(frozen=True, eq=False)
class Moment:
    """What is drawn at once. `prediction` was made from `predicted_frame`, which may be older than `frame`.

    error_m   predicted minus measured depth in metres, float32 (h, w), NaN where there is nothing to compare;
              None without a prediction, and while no visible view shows it
    """

    frame: Frame
    prediction: Prediction | None
    predicted_frame: Frame | None
    predictor: PredictorStatus
    options: DisplayOptions
    turn: Rotation
    scales: Scales
    error_m: DepthMap | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """pixels  uint8 (H, W, 3), red first, or uint8 (h, w): indices into `table`
    table   uint8 (256, 3), None for RGB pixels
    """

    pixels: UInt8Image
    table: UInt8Image | None = None
    caption: str = ""


@dataclass(frozen=True)
class ColorScale:
    """A colour bar below a picture. `ends_m` is None while there is nothing to measure: then the bar is hidden."""

    tip: str
    table: Callable[[DisplayOptions], UInt8Image]
    ends_m: Callable[[Scales], tuple[float, float] | None]


DEPTH_SCALE = ColorScale(
    "The colours of both depths, in metres", lambda options: options.table, lambda scales: (scales.near_m, scales.far_m)
)
DIFFERENCE_SCALE = ColorScale(
    "The colours of the difference: predicted minus measured",
    lambda options: DIVERGING,
    lambda scales: None if scales.limit_m is None else (-scales.limit_m, scales.limit_m),
)


class LiveView(ABC):
    """One view of the window. `name` identifies it in settings and code, `title` and `tip` are for the person.

    scale        of its colour bar
    partner      name of the next view, where the two stay side by side
    by_default   whether it is visible at the first start
    frame_only   whether it depends on the newest frame alone: then a new prediction does not redraw it
    """

    name: ClassVar[str]
    title: ClassVar[str]
    tip: ClassVar[str]
    scale: ClassVar[ColorScale | None] = None
    partner: ClassVar[str] = ""
    by_default: ClassVar[bool] = False
    frame_only: ClassVar[bool] = False

    def title_for(self, frame: Frame) -> str:
        """The title above a picture of `frame`."""
        return self.title

    @abstractmethod
    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        """Return the picture, or one line with the reason why there is none.

        `size` is (width, height) of the place it is shown in, in pixels of the screen, before it is turned.
        """


class RgbView(LiveView):
    """The camera's picture, decoded no larger than it is shown."""

    name, title, tip = "rgb", "RGB", "What the phone's camera sees."
    by_default = frame_only = True

    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        width, height = moment.frame.rgb_size
        try:
            rgb = moment.frame.rgb_for(size)
        except ValueError:
            return "This picture is damaged"
        return Picture(rgb, caption=f"{width} × {height} pixels{turn_caption(moment.turn)}")


class PredictedDepthView(LiveView):
    """Depth that the network predicts from the RGB picture alone."""

    name, title = "predicted", "Predicted depth"
    tip = f"What the network predicts from the RGB picture alone.\n{DEPTH_TIP}"
    scale, partner, by_default = DEPTH_SCALE, "lidar", True

    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        if moment.prediction is None:
            return no_prediction(moment.predictor)
        scales = moment.scales
        indices = depth_indices(moment.prediction.depth_m, scales.near_m, scales.far_m)
        return Picture(indices, moment.options.table, f"in {moment.prediction.seconds * 1000:.0f} ms")


class LidarDepthView(LiveView):
    """Depth that the phone measures."""

    name, title = "lidar", "LiDAR depth"
    tip = f"What the phone measures.\n{DEPTH_TIP}"
    scale, by_default = DEPTH_SCALE, True

    def title_for(self, frame: Frame) -> str:
        return self.title if frame.camera is Camera.LIDAR else "TrueDepth depth"

    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        frame, scales = moment.frame, moment.scales
        indices, table = moment.options.measured(depth_indices(frame.depth_m, scales.near_m, scales.far_m), frame)
        return Picture(indices, table, lidar_caption(frame))


class DifferenceView(LiveView):
    """Predicted minus measured depth of the same frame."""

    name, title = "difference", "Difference"
    tip = (
        "Predicted minus measured depth of the same frame.\n"
        "Blue: predicted too near. Red: predicted too far. Dark grey: nothing to compare."
    )
    scale, by_default = DIFFERENCE_SCALE, True

    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        if moment.error_m is None or moment.scales.limit_m is None:
            return nothing_to_compare(moment.predictor)
        indices = difference_indices(moment.error_m, moment.scales.limit_m)
        return Picture(indices, DIVERGING, difference_caption(moment.error_m))


class PredictedEdgesView(LiveView):
    """The second network's output, scaled to its own white: presets differ in what they measure."""

    name, title = "edges_predicted", "Predicted edges"
    tip = f"What the gradient network predicts from the RGB picture.\n{EDGES_TIP}"
    partner = "edges_true"

    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        if moment.prediction is None:
            return nothing_to_compare(moment.predictor)
        edges = moment.prediction.edges
        return Picture(edge_indices(edges, white_of(edges)), GREY)


class LidarEdgesView(LiveView):
    """Edges of the measured depth, of the frame that was predicted."""

    name, title = "edges_true", "LiDAR edges"
    tip = f"Edges of the measured depth of the same frame.\n{EDGES_TIP}"

    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        if moment.predicted_frame is None:
            return nothing_to_compare(moment.predictor)
        depth_m = moment.predicted_frame.depth_m
        edges = targets.edges(depth_m)
        white = white_of(edges)
        measured = np.where(depth_m > 0, edges, np.float32(np.nan))
        return Picture(edge_indices(measured, white), GREY, f"white: {white:.0%} a pixel")


class ConfidenceView(LiveView):
    """The phone's confidence map."""

    name, title = "confidence", "Confidence"
    tip = "How sure the phone is of its depth.\nGreen: high, amber: medium, red: low."
    frame_only = True

    def draw(self, moment: Moment, size: tuple[int, int]) -> Picture | str:
        if moment.frame.confidence is None:
            return "This camera sends no confidence map"
        return Picture(confidence_indices(moment.frame.confidence), CONFIDENCE, confidence_caption(moment.frame))


VIEWS: tuple[LiveView, ...] = (
    RgbView(),
    PredictedDepthView(),
    LidarDepthView(),
    DifferenceView(),
    PredictedEdgesView(),
    LidarEdgesView(),
    ConfidenceView(),
)
DEFAULT_VIEWS = tuple(view.name for view in VIEWS if view.by_default)
PAIRS = tuple((view.name, view.partner) for view in VIEWS if view.partner)


def no_prediction(predictor: PredictorStatus) -> str:
    """Why there is no prediction, and what to do about it."""
    if predictor.weights:
        return "Waiting for the first prediction…"
    if predictor.loading:
        return "Loading the weights…"
    return predictor.error or "No weights yet: record, then press Retrain"


def nothing_to_compare(predictor: PredictorStatus) -> str:
    """Why there is nothing to compare; empty while the first prediction is only a moment away."""
    return "" if predictor.weights or predictor.loading else "Nothing to compare the LiDAR with yet"


def lidar_caption(frame: Frame) -> str:
    """The share of readings with high confidence."""
    if frame.confidence is None:
        return "no confidence map"
    return f"{np.mean(frame.confidence == HIGH_CONFIDENCE):.0%} confident"


def turn_caption(turn: Rotation) -> str:
    """How the picture as received was mirrored and turned for display."""
    flipped = ", flipped" if turn.mirrored else ""
    return f"{flipped}, turned {90 * turn.quarter_turns}°" if turn.quarter_turns else flipped


def confidence_caption(frame: Frame) -> str:
    """The shares of the highest and the lowest level."""
    high, low = (float(np.mean(frame.confidence == level)) for level in (HIGH_CONFIDENCE, LOW_CONFIDENCE))
    return f"{high:.0%} high, {low:.0%} low"


def difference_caption(difference_m: DepthMap) -> str:
    """The mean absolute difference over all pixels that can be compared."""
    sizes = np.abs(difference_m[np.isfinite(difference_m)])
    if not sizes.size:
        return "no reading to compare with"
    return f"mean {length(float(sizes.mean()))}"
