"""Measurements at the places that a person marks: depth, difference, position, distance, region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.session.live_session import LiveFrame
from app.session.orientation import AS_RECEIVED, Rotation
from app.session.status_text import length
from capture.frame import DepthMap, Frame
from capture.geometry.unproject import unproject

LEVELS = ("low", "medium", "high")
HELP = (
    "Point at a picture to read it. Click two points for their distance, drag for a region, press Esc to clear.\n"
    "Position: metres from the camera, x to the right and y up in the displayed picture, z towards you."
)


@dataclass(frozen=True)
class Place:
    """Fractions of width and height of the picture as received, 0 to 1 from its upper left corner."""

    x: float
    y: float

    def pixel(self, depth_m: DepthMap) -> tuple[int, int]:
        """Return row and column in a map over the whole picture."""
        height, width = depth_m.shape
        return min(int(self.y * height), height - 1), min(int(self.x * width), width - 1)


@dataclass(frozen=True)
class Marks:
    """The pointer, up to two clicked points, and opposite corners of a dragged region."""

    pointer: Place | None = None
    points: tuple[Place, ...] = ()
    region: tuple[Place, Place] | None = None


def readout(view: LiveFrame, marks: Marks, turn: Rotation = AS_RECEIVED) -> str:
    """Return one line with the measurements; empty without marks. Prediction and LiDAR are of the same frame.

    `turn` is how the pictures are displayed: positions are given in those axes.
    """
    frame = view.predicted_frame or view.frame
    if frame is None:
        return ""
    predicted_m = view.prediction.depth_m if view.prediction is not None else None
    parts = []
    if marks.region is not None:
        parts.append(_region(frame, predicted_m, *marks.region))
    if len(marks.points) == 2:
        parts.append(_distance(frame, predicted_m, *marks.points))
    elif marks.points:
        parts.append("Click a second point for the distance")
    if marks.pointer is not None:
        parts.append(_at(frame, predicted_m, marks.pointer, turn))
    return "     ".join(parts)


def position_m(frame: Frame, depth_m: DepthMap, place: Place) -> NDArray[np.float32] | None:
    """Return the position of a pixel of a depth map over the frame's picture.

    float32 (3,), metres: x to the right, y up, z towards the viewer. None if there is no reading, or if the camera's
    focal length is unknown.
    """
    row, column = place.pixel(depth_m)
    height, width = depth_m.shape
    camera, z = frame.intrinsics.resized(frame.rgb_size, (width, height)), depth_m[row, column]
    if not (z > 0 and camera.fx > 0 and camera.fy > 0):
        return None
    (position,) = unproject(np.array([row]), np.array([column]), np.array([z]), camera)
    return np.asarray(position)


def _at(frame: Frame, predicted_m: DepthMap | None, place: Place, turn: Rotation) -> str:
    measured = float(frame.depth_m[place.pixel(frame.depth_m)])
    parts = []
    if predicted_m is not None:
        predicted = float(predicted_m[place.pixel(predicted_m)])
        parts.append(f"predicted {predicted:.2f} m")
    parts.append(f"LiDAR {measured:.2f} m" if measured > 0 else "LiDAR no reading")
    if predicted_m is not None and measured > 0:
        difference = predicted - measured
        parts.append(f"{difference * 100:+.1f} cm ({difference / measured:+.1%})")
    if frame.confidence is not None:
        parts.append(f"{LEVELS[int(frame.confidence[place.pixel(frame.depth_m)])]} confidence")
    if (position := position_m(frame, frame.depth_m, place)) is not None:
        x, y, z = position.tolist()
        parts.append("at {:.2f}, {:.2f}, {:.2f} m".format(*turn.displayed_direction(x, y), z))
    return "  ·  ".join(parts)


def _distance(frame: Frame, predicted_m: DepthMap | None, first: Place, second: Place) -> str:
    parts = []
    for name, depth_m in (("predicted", predicted_m), ("LiDAR", frame.depth_m)):
        if depth_m is None:
            continue
        one, other = (position_m(frame, depth_m, place) for place in (first, second))
        if one is None or other is None:
            parts.append(f"{name} unknown")
        else:
            parts.append(f"{name} {length(float(np.linalg.norm(one - other)))}")
    return f"Distance: {', '.join(parts)}"


def _region(frame: Frame, predicted_m: DepthMap | None, corner: Place, opposite: Place) -> str:
    parts = []
    for name, depth_m in (("predicted", predicted_m), ("LiDAR", frame.depth_m)):
        if depth_m is not None:
            (top, bottom), (left, right) = map(sorted, zip(corner.pixel(depth_m), opposite.pixel(depth_m), strict=True))
            values = depth_m[top : bottom + 1, left : right + 1]
            readings = values[values > 0]
            filled = f", {readings.size / values.size:.0%} filled" if name == "LiDAR" else ""
            spread = f"{readings.mean():.2f} m ± {length(float(readings.std()))}" if readings.size else "no reading"
            parts.append(f"{name} {spread}{filled}")
    return f"Region: {', '.join(parts)}"
