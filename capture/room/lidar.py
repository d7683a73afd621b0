"""Simulate the iPhone's LiDAR as delivered by ARKit: measured depth and confidence from exact depth.

Decisive is the strength of the returned light: reflectivity * cosine of incidence / range^2, the LiDAR equation for a
surface wider than the beam. Weak returns lose confidence, then the reading; glass returns nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap
from capture.jpeg import UInt8Image

# Luetzenburg, Kroon and Bjork, "Evaluation of the Apple iPhone 12 Pro LiDAR for an Application in Geosciences",
# Scientific Reports 11, 22221 (2021): about 1 cm for objects in a room, at most 5 m. Spread over the range:
NOISE_M = 0.002
NOISE_PER_M = 0.003
MAX_RANGE_M = 5.0
DOTS = (24, 32)  # columns and rows of the coarse grid from which ARKit fills in a map; the noise is smooth between them
EDGE_BLUR = 1 / 180  # of the image's width: how far ARKit's smoothing mixes the two sides of a depth edge
BEAM = 1 / 80  # of the image's width: a dot's light covers more than a pixel
EDGE_STEP = 0.05  # relative jump of depth between neighbours that counts as an edge
# Returned light, 1/m^2, that it takes for a reading, for confidence 1 and for confidence 2.
WEAKEST, MEDIUM, STRONG = 0.008, 0.022, 0.040

Float32 = NDArray[np.float32]


def measure(
    inverse_depth: Float32,
    range_ratio: Float32,
    cosine: Float32,
    brightness: Float32,
    glass: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[DepthMap, UInt8Image]:
    """Return depth in metres (h, w), 0 = no reading, and confidence (h, w), 0..2, from maps of the same shape.

    inverse_depth   exact, 1/m           range_ratio   distance from the camera / depth along the optical axis
    cosine          of the angle of incidence, 0..1     brightness    of the surface in visible light, 0..1
    glass           where no light returns
    """
    h, w = inverse_depth.shape
    # Inverse depth is linear over a flat surface in the image, so that this smoothing changes nothing but edges.
    soft = cv2.GaussianBlur(inverse_depth, (0, 0), max(0.3, w * EDGE_BLUR), borderType=cv2.BORDER_REPLICATE)
    depth_m = 1 / np.asarray(soft, dtype=np.float32)

    smooth, patchy = (_between_dots(rng, h, w) for _ in range(2))
    reflectivity = 0.25 + 0.75 * brightness  # most dyes that are dark to the eye are less so in the near infrared
    signal = cv2.GaussianBlur(reflectivity * cosine / (depth_m * range_ratio) ** 2, (0, 0), max(0.3, w * BEAM))
    signal *= 1 + 0.2 * patchy
    spread_m = (NOISE_M + NOISE_PER_M * depth_m) * np.clip(np.sqrt(STRONG / np.maximum(signal, 1e-4)), 0.8, 2.0)
    measured = depth_m + spread_m * (0.9 * smooth + 0.3 * rng.standard_normal((h, w), dtype=np.float32))

    confidence = (signal > MEDIUM).astype(np.uint8) + (signal > STRONG)
    confidence = np.minimum(confidence, _away_from_edges(inverse_depth))
    lost = glass | (signal < WEAKEST) | (depth_m * range_ratio > MAX_RANGE_M * (1 + 0.06 * patchy))
    return np.where(lost, 0, measured).astype(np.float32), np.where(lost, 0, confidence).astype(np.uint8)


def _between_dots(rng: np.random.Generator, h: int, w: int) -> Float32:
    """Return noise of unit variance at the dots, smooth between them."""
    dots = rng.standard_normal((DOTS[1], DOTS[0]), dtype=np.float32)
    return np.asarray(cv2.resize(dots, (w, h), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _away_from_edges(inverse_depth: Float32) -> UInt8Image:
    """Return the confidence near depth edges: 0 at an edge, 1 beside it, 2 elsewhere."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    step = cv2.dilate(inverse_depth, cross) / cv2.erode(inverse_depth, cross) - 1
    # A slanted surface changes depth as well: only what exceeds its steady change counts.
    edge = (step - cv2.blur(step, (9, 9)) > EDGE_STEP).astype(np.uint8)
    beside = cv2.dilate(edge, np.ones((3, 3), np.uint8))
    return np.asarray(2 - edge - beside, dtype=np.uint8)
