"""Measure whether a picture and a depth map show the same scene: objects end at edges of the picture and of the depth.

Compared are the gradient magnitude of the picture and the Laplacian of the logarithm of the depth, at 96x128 pixels and
high-pass filtered, by their correlation at the best shift of up to two pixels: the sensors are not aligned to the pixel
and not exposed at the same moment. docs/check.md has the accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap
from capture.jpeg import UInt8Image

SIZE = (96, 128)  # (width, height), portrait
SHIFT = 2  # pixels of SIZE
NEAREST_M = 0.05
HOLES = 12  # pixels of SIZE by which a hole is filled from each side; larger holes count as one step
FINE, COARSE = 1.0, 8.0  # pixels of SIZE: smaller detail is noise, larger structure is no edge
_NEIGHBOURS = np.ones((3, 3), np.uint8)

Edges = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """Correlation of edges (`score`, about 0 for unrelated scenes), and how strong the edges are in each of the two."""

    score: float
    picture_strength: float
    depth_strength: float


def agreement(grey: UInt8Image, depth_m: DepthMap) -> Agreement:
    """Compare uint8 (H, W), of any size, with float32 (h, w) metres, 0 = no reading, of the same view."""
    size = SIZE[::-1] if grey.shape[1] > grey.shape[0] else SIZE
    picture = picture_edges(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    depth = depth_edges(cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST))
    inner = slice(SHIFT, -SHIFT)
    scores = cv2.matchTemplate(picture, depth[inner, inner], cv2.TM_CCOEFF_NORMED)
    return Agreement(float(scores.max()), float(picture.std()), float(depth.std()))


def picture_edges(grey: UInt8Image) -> Edges:
    """Return float32 (h, w): gradient magnitude on a logarithmic scale, so that weak edges count beside strong ones."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), FINE)
    steep = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return _high_pass(np.log1p(steep / 8))  # a slope of one level per pixel gives 8


def depth_edges(depth_m: DepthMap) -> Edges:
    """Return float32 (h, w): curvature of the depth's logarithm, so that a step counts the same near and far."""
    smooth = cv2.GaussianBlur(np.log(np.maximum(_fill_holes(depth_m), NEAREST_M)), (0, 0), FINE)
    bent = np.abs(cv2.Laplacian(smooth, cv2.CV_32F, ksize=3))
    return _high_pass(np.log1p(40 * np.minimum(bent, 1)))


def _fill_holes(depth_m: DepthMap) -> DepthMap:
    """Fill holes from their rims with the farther depth: a depth sensor has no readings behind an edge."""
    filled = depth_m
    for _ in range(HOLES):
        hole = filled == 0
        if not hole.any():
            break
        filled = np.where(hole, np.asarray(cv2.dilate(filled, _NEIGHBOURS), dtype=np.float32), filled)
    return filled


def _high_pass(edges: NDArray[Any]) -> Edges:
    fine = cv2.GaussianBlur(edges, (0, 0), FINE)
    return np.asarray(fine - cv2.GaussianBlur(fine, (0, 0), COARSE), dtype=np.float32)
