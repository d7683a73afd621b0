"""Do a picture and a depth map show the same? Things end where the picture has an edge and the depth a step or crease.

What is compared: how steep the picture is and how bent the logarithm of the depth is (its Laplacian), at 96x128 pixels,
with what is the same all around taken out; by their correlation, at the best of a few shifts of a pixel or two, for
sensors are not aligned to the pixel and not exposed at the same moment. docs/check.md says how well that tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap, UInt8Image

SIZE = (96, 128)  # (width, height), portrait
SHIFT = 2  # pixels of SIZE
NEAREST_M = 0.05
HOLES = 12  # pixels of SIZE that a hole is filled from each side; what is larger counts as one step
FINE, COARSE = 1.0, 8.0  # pixels of SIZE: detail below is noise, what is the same over more is no edge
_NEIGHBOURS = np.ones((3, 3), np.uint8)

Edges = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """`score` is a correlation, about 0 for what has nothing to do with each other; the strengths say how much there
    was to compare in either."""

    score: float
    picture_strength: float
    depth_strength: float


def agreement(grey: UInt8Image, depth_m: DepthMap) -> Agreement:
    """Of uint8 (H, W), of any size, and float32 (h, w) metres, 0 = no reading, of the same view."""
    size = SIZE[::-1] if grey.shape[1] > grey.shape[0] else SIZE
    picture = picture_edges(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    depth = depth_edges(cv2.resize(depth_m, size, interpolation=cv2.INTER_NEAREST))
    inner = slice(SHIFT, -SHIFT)
    found = cv2.matchTemplate(picture, depth[inner, inner], cv2.TM_CCOEFF_NORMED)
    return Agreement(float(found.max()), float(picture.std()), float(depth.std()))


def picture_edges(grey: UInt8Image) -> Edges:
    """Float32 (h, w): how steep, each factor counting alike, so that weak edges are seen beside strong ones."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), FINE)
    steep = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return _standing_out(np.log1p(steep / 8))  # a slope of one level a pixel gives 8


def depth_edges(depth_m: DepthMap) -> Edges:
    """Float32 (h, w): how bent. In logarithms, so that a step counts alike near and far."""
    smooth = cv2.GaussianBlur(np.log(np.maximum(_filled(depth_m), NEAREST_M)), (0, 0), FINE)
    bent = np.abs(cv2.Laplacian(smooth, cv2.CV_32F, ksize=3))
    return _standing_out(np.log1p(40 * np.minimum(bent, 1)))


def _filled(depth_m: DepthMap) -> DepthMap:
    """Holes filled from their rims, by what is farther: behind an edge is where a depth sensor sees nothing."""
    filled = depth_m
    for _ in range(HOLES):
        hole = filled == 0
        if not hole.any():
            break
        filled = np.where(hole, np.asarray(cv2.dilate(filled, _NEIGHBOURS), dtype=np.float32), filled)
    return filled


def _standing_out(edges: NDArray[Any]) -> Edges:
    fine = cv2.GaussianBlur(edges, (0, 0), FINE)
    return np.asarray(fine - cv2.GaussianBlur(fine, (0, 0), COARSE), dtype=np.float32)
