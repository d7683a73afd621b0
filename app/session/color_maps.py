"""Colour tables and scales of depth, differences, edges and confidence."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap
from capture.jpeg import UInt8Image
from model.data.targets import Float32

NO_READING = (44, 46, 50)  # dark grey, in neither colour map
BACKGROUND, TEXT = (24, 25, 28), (232, 234, 237)  # of the window, and of pictures from the command line
STEPS = 255  # colours of a map; index 0 of a table is NO_READING, 1..255 the map from its low to its high end
HALF = STEPS // 2
DIMMED = 0.3  # share of a colour that remains
PERCENTILES = (2.0, 98.0)  # a few outliers must not squeeze the colours of all other pixels
SMOOTHING = 0.1  # weight of a new frame in the range, which settles within a third of a second at 30 frames/s
MIN_SPAN_M = 0.2  # a wall seen head-on has almost no range, and its noise must not fill the whole scale
EDGE_PERCENTILE = 99.0  # edges are few
MIN_WHITE = 0.02  # for the same reason as MIN_SPAN_M
MIN_DIFFERENCE_M = 0.05  # for the same reason: a perfect prediction is shown as white, not as noise


def _with_no_reading(colours: UInt8Image) -> UInt8Image:
    return np.vstack([np.array([NO_READING], dtype=np.uint8), colours])


def _of_opencv(which: int) -> UInt8Image:
    """Return one of OpenCV's colour maps: uint8 (256, 3), red first."""
    ramp = np.linspace(0, 255, STEPS).round().astype(np.uint8)
    blue_first = cv2.applyColorMap(ramp, which).reshape(STEPS, 3)
    return _with_no_reading(blue_first[:, ::-1].astype(np.uint8))


def _diverging() -> UInt8Image:
    """Return blue for negative, near white at zero, red for positive: uint8 (256, 3), red first."""
    stops = np.array([(24, 58, 150), (86, 146, 232), (238, 238, 238), (236, 112, 84), (150, 20, 36)])
    places = np.linspace(0, 1, len(stops))
    ramp = np.linspace(0, 1, STEPS)
    return _with_no_reading(np.stack([np.interp(ramp, places, stops[:, i]) for i in range(3)], axis=1).astype(np.uint8))


def _grey() -> UInt8Image:
    """Return black to white: uint8 (256, 3)."""
    ramp = np.linspace(0, 255, STEPS).round().astype(np.uint8)
    return _with_no_reading(np.stack([ramp] * 3, axis=1))


def _confidence() -> UInt8Image:
    """Return colours for index 1 (low), 2 (medium) and 3 (high): uint8 (256, 3); higher indices are not used."""
    levels = np.array([(176, 52, 66), (226, 172, 62), (70, 167, 88)], np.uint8)
    return _with_no_reading(np.vstack([levels, np.zeros((STEPS - len(levels), 3), np.uint8)]))


TURBO, DIVERGING, GREY, CONFIDENCE = _of_opencv(cv2.COLORMAP_TURBO), _diverging(), _grey(), _confidence()
DEPTH_MAPS = {
    "turbo": TURBO,
    "viridis": _of_opencv(cv2.COLORMAP_VIRIDIS),
    "inferno": _of_opencv(cv2.COLORMAP_INFERNO),
    "grey": GREY,
}


def depth_indices(depth_m: DepthMap, near_m: float, far_m: float) -> UInt8Image:
    """Convert depth to indices, uint8 (h, w): 1 up to `near_m`, 255 from `far_m` on, 0 without a reading."""
    return _indices(depth_m, near_m, far_m, depth_m > 0)


def difference_indices(difference_m: DepthMap, limit_m: float) -> UInt8Image:
    """Convert a difference to indices, uint8 (h, w): 1 at -`limit_m`, 128 at zero, 255 at +`limit_m`, 0 for NaN."""
    return _indices(difference_m, -limit_m, limit_m, np.isfinite(difference_m))


def with_dimmed(indices: UInt8Image, dimmed: NDArray[np.bool_]) -> UInt8Image:
    """Convert indices for `dimmed_table`, with some readings in its darker half."""
    halved = (indices.astype(np.uint16) * HALF + STEPS - 1) // STEPS
    return np.where(dimmed & (indices > 0), halved + HALF, halved).astype(np.uint8)


def dimmed_table(table: UInt8Image) -> UInt8Image:
    """Return half as many colours of a table, then the same ones close to the background: uint8 (256, 3)."""
    few = table[np.linspace(1, STEPS, HALF).round().astype(int)]
    dim = (DIMMED * few + (1 - DIMMED) * np.array(NO_READING)).astype(np.uint8)
    return np.vstack([table[:1], few, dim, table[-1:]])


def edge_indices(edges: Float32, white: float) -> UInt8Image:
    """Convert edges to indices, uint8 (h, w): 1 without an edge, 255 from `white` on, 0 for NaN."""
    return _indices(edges, 0.0, white, np.isfinite(edges))


def confidence_indices(confidence: UInt8Image) -> UInt8Image:
    """Convert levels 0, 1, 2 to indices of CONFIDENCE, uint8 (h, w)."""
    return confidence + np.uint8(1)


def white_of(edges: Float32) -> float:
    """Return the strength of edge to draw white: nearly the strongest of the map."""
    return max(float(np.percentile(edges[::2, ::2], EDGE_PERCENTILE)), MIN_WHITE)


def _indices(values: DepthMap, low: float, high: float, valid: NDArray[np.bool_]) -> UInt8Image:
    scale = np.float32((STEPS - 1) / (high - low))
    with np.errstate(invalid="ignore"):
        index = np.clip((values - np.float32(low)) * scale + np.float32(1.5), 1, STEPS)
    return np.where(valid, index, 0).astype(np.uint8)


def difference_m(predicted_m: DepthMap, lidar_m: DepthMap) -> DepthMap:
    """Return predicted minus measured depth in metres, float32 (h, w) of the LiDAR; NaN without both readings.

    Both cover the whole picture: a prediction of another size is resized.
    """
    if predicted_m.shape != lidar_m.shape:
        size = (lidar_m.shape[1], lidar_m.shape[0])
        predicted_m = cv2.resize(predicted_m, size, interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)
    valid = (predicted_m > 0) & (lidar_m > 0)
    return np.where(valid, predicted_m - lidar_m, np.float32(np.nan)).astype(np.float32, copy=False)


class SmoothRange:
    """The scales of depth and difference, smoothed from frame to frame so that colours do not jump."""

    def __init__(self) -> None:
        self._depth: NDArray[np.float64] | None = None
        self._difference: float | None = None

    def depth(self, *maps_m: DepthMap) -> tuple[float, float]:
        """Update the scale of depth from all maps together; returns its near and far end in metres."""
        readings = [depth_m[::2, ::2][depth_m[::2, ::2] > 0] for depth_m in maps_m]  # a quarter of them suffices
        extremes = [np.percentile(values, PERCENTILES) for values in readings if values.size]
        if extremes:
            ends = np.array([min(low for low, _ in extremes), max(high for _, high in extremes)])
            self._depth = ends if self._depth is None else self._depth + SMOOTHING * (ends - self._depth)
        near, far = (0.0, 5.0) if self._depth is None else (float(self._depth[0]), float(self._depth[1]))
        return near, max(far, near + MIN_SPAN_M)

    def difference(self, difference: DepthMap) -> float:
        """Update the scale of the difference; returns its end in metres. The scale is symmetrical about zero."""
        sizes = np.abs(difference[::2, ::2])
        sizes = sizes[np.isfinite(sizes)]
        if sizes.size:
            limit = float(np.percentile(sizes, PERCENTILES[1]))
            last = self._difference
            self._difference = limit if last is None else last + SMOOTHING * (limit - last)
        return max(self._difference or 0.0, MIN_DIFFERENCE_M)
