"""Depth maps as coloured points in space."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.session.color_maps import DIMMED, DIVERGING, NO_READING, depth_indices, difference_indices
from app.session.display_options import DisplayOptions
from app.session.orientation import Rotation
from capture.frame import DepthMap, Frame, Intrinsics
from capture.geometry.unproject import unproject
from capture.jpeg import UInt8Image
from model.config import CANONICAL_FOCAL_PX, INPUT_SIZE
from model.data.targets import Float32, is_landscape, resize_nearest

COLOURINGS = ("RGB", "depth", "error")
MAX_POINTS = 16_384  # of each cloud: OpenGL without a graphics card draws as many of both in 10 ms
TINT, TINT_SHARE = (60, 150, 255), 0.5  # of predicted points coloured by the picture, like those of the LiDAR


@dataclass(frozen=True, eq=False)
class PointCloud:
    """points_m  float32 (n, 3), camera axes: x to the right, y up, z towards the viewer
    colours   float32 (n, 4): red, green, blue and alpha, 0 to 1
    """

    points_m: Float32
    colours: Float32

    def turned(self, turn: Rotation) -> PointCloud:
        """Return the cloud turned like the pictures."""
        right, top = turn.displayed_direction(1, 0), turn.displayed_direction(0, 1)
        axes = np.array([(*right, 0), (*top, 0), (0, 0, 1)], np.float32)
        return replace(self, points_m=self.points_m @ axes)


@dataclass(frozen=True)
class Colouring:
    """How points are coloured: `by` is one of COLOURINGS.

    Depth from `near_m` to `far_m` has the colours of `options`, the error from -`limit_m` to `limit_m` those of the
    difference.

    error_m  by DisplayOptions.error_m; None if points are not coloured by it, or without a prediction
    """

    by: str
    options: DisplayOptions
    near_m: float
    far_m: float
    error_m: DepthMap | None
    limit_m: float


def lidar_cloud(frame: Frame, colouring: Colouring) -> PointCloud:
    """Return the LiDAR's readings that are shown. Raises ValueError if the picture is needed and damaged."""
    options, shown = colouring.options, frame.depth_m > 0
    if (hidden := options.hides(frame)) is not None:
        shown &= ~hidden
    if colouring.by == "RGB":
        colours = _picture(frame, frame.depth_size)
        if (doubtful := options.dims(frame)) is not None:
            colours = np.where(doubtful[..., None], _mixed(colours, NO_READING, 1 - DIMMED), colours)
    elif colouring.by == "depth":
        indices, table = options.measured(depth_indices(frame.depth_m, colouring.near_m, colouring.far_m), frame)
        colours = table[indices]
    else:
        colours = _error_colours(colouring, frame.depth_size)
    return _cloud(frame, frame.depth_m, shown, colours)


def predicted_cloud(predicted_m: DepthMap, frame: Frame, colouring: Colouring) -> PointCloud:
    """Return the depth predicted from `frame`: tinted if coloured by the picture, else in the LiDAR's colours.

    Raises ValueError if the picture is needed and damaged.
    """
    size = predicted_m.shape[1], predicted_m.shape[0]
    if colouring.by == "RGB":
        colours = _mixed(_picture(frame, size), TINT, TINT_SHARE)
    elif colouring.by == "depth":
        colours = colouring.options.table[depth_indices(predicted_m, colouring.near_m, colouring.far_m)]
    else:
        colours = _error_colours(colouring, size)
    return _cloud(frame, predicted_m, predicted_m > 0, colours)


def camera_over(frame: Frame, size: tuple[int, int]) -> Intrinsics:
    """Return the intrinsics in pixels of a map of `size` (width, height) over the whole picture.

    If the frame has no focal length: the one that the networks assume then, and the middle of the picture.
    """
    camera, (width, height) = frame.intrinsics, frame.rgb_size
    if not (camera.fx > 0 and camera.fy > 0):
        focal = CANONICAL_FOCAL_PX * width / INPUT_SIZE[is_landscape((width, height))]
        camera = Intrinsics(focal, focal, width / 2, height / 2)
    return camera.resized((width, height), size)


def _cloud(frame: Frame, depth_m: DepthMap, shown: NDArray[np.bool_], colours: UInt8Image) -> PointCloud:
    """Convert every n-th pixel of every n-th row, so that there are at most MAX_POINTS."""
    height, width = depth_m.shape
    step = math.ceil(math.sqrt(depth_m.size / MAX_POINTS))
    row, column = np.nonzero(shown[step // 2 :: step, step // 2 :: step])
    row, column = row * step + step // 2, column * step + step // 2
    rgba = np.ones((len(row), 4), np.float32)
    np.divide(colours[row, column], np.float32(255), out=rgba[:, :3])
    return PointCloud(unproject(row, column, depth_m[row, column], camera_over(frame, (width, height))), rgba)


def _picture(frame: Frame, size: tuple[int, int]) -> UInt8Image:
    """Return the picture averaged over the pixels of a map of `size`: uint8 (h, w, 3)."""
    return _uint8(cv2.resize(frame.rgb_for(size), size, interpolation=cv2.INTER_AREA))


def _error_colours(colouring: Colouring, size: tuple[int, int]) -> UInt8Image:
    """Return colours of the error for a map of `size`: uint8 (h, w, 3)."""
    if colouring.error_m is None:
        return _uint8(np.full((size[1], size[0], 3), NO_READING))
    return DIVERGING[difference_indices(resize_nearest(colouring.error_m, size), colouring.limit_m)]


def _mixed(colours: UInt8Image, other: tuple[int, int, int], share: float) -> UInt8Image:
    """Mix in a share of another colour: uint8 (..., 3)."""
    return _uint8(colours * np.float32(1 - share) + np.array(other, np.float32) * np.float32(share))


def _uint8(colours: NDArray[Any]) -> UInt8Image:
    return np.asarray(colours, dtype=np.uint8)
