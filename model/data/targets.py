"""Inputs and targets of the networks from a frame; matches the sizes of RGB and depth.

All arrays are NumPy; sizes are (width, height), arrays (h, w). The depth that is learned is *canonical*: what a camera
of the canonical focal length would have to measure for the same picture. An object of s metres at distance z covers
s * f / z pixels, so the same picture means z proportional to f; learning log(z * f_c / f) makes one network serve every
camera, crop and zoom (the idea of canonical camera space: Yin et al., Metric3D, ICCV 2023).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap, Intrinsics
from capture.jpeg import UInt8Image

Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

CONFIDENCE_WEIGHTS = np.array([0.0, 0.5, 1.0], dtype=np.float32)  # of confidence 0, 1, 2
EDGE_SCALE = 8.0  # a Sobel 3x3 response divided by this is the gradient a pixel


def is_landscape(size: tuple[int, int]) -> bool:
    """Whether a picture of (width, height) is wider than high; a square counts as portrait."""
    return size[0] > size[1]


def resize_rgb(rgb: UInt8Image, size: tuple[int, int]) -> UInt8Image:
    """uint8 (h, w, 3): averaged where it shrinks, interpolated where it grows."""
    if (rgb.shape[1], rgb.shape[0]) == size:
        return rgb
    shrinks = rgb.shape[1] >= size[0]
    return _uint8(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def resize_depth(depth_m: DepthMap, size: tuple[int, int]) -> DepthMap:
    """float32 (h, w): each pixel takes the nearest reading or hole, without blending."""
    return resize_nearest(depth_m, size).astype(np.float32, copy=False)


def resize_confidence(confidence: UInt8Image, size: tuple[int, int]) -> UInt8Image:
    """uint8 (h, w), nearest like its depth."""
    return _uint8(resize_nearest(confidence, size))


def resize_nearest(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """(h, w) of the same type, each pixel that of `image` at its centre."""
    # INTER_NEAREST would take the pixel half a step to the upper left.
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST_EXACT))


def focal_px(
    intrinsics: Intrinsics | None, rgb_size: tuple[int, int], size: tuple[int, int], canonical: float
) -> float:
    """fx of a picture of `rgb_size` resized to `size`. Unknown (None, or fx <= 0) counts as the canonical one."""
    if intrinsics is None or intrinsics.fx <= 0:
        return canonical
    return intrinsics.resized(rgb_size, size).fx


def log_canonical(depth_m: DepthMap, focal: float, canonical: float) -> Float32:
    """log(depth * canonical / focal), float32 (h, w); 0 where there is no reading."""
    valid = depth_m > 0
    return np.where(valid, np.log(np.where(valid, depth_m, 1.0) * (canonical / focal)), 0.0).astype(np.float32)


def weights(depth_m: DepthMap, confidence: UInt8Image | None) -> Float32:
    """Weight of each pixel in a loss, float32 (h, w): 0 without a reading, else by confidence; absent = confident."""
    valid = (depth_m > 0).astype(np.float32)
    if confidence is None:
        return valid
    return (valid * CONFIDENCE_WEIGHTS[np.minimum(confidence, 2)]).astype(np.float32)


def edges(depth_m: DepthMap) -> Float32:
    """Sobel 3x3 magnitude / 8 of log depth, float32 (h, w); 0 where `edges_valid` is False."""
    logs = log_canonical(depth_m, 1.0, 1.0)
    gx = cv2.Sobel(logs, cv2.CV_32F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.Sobel(logs, cv2.CV_32F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE)
    magnitude = np.sqrt(gx * gx + gy * gy) / EDGE_SCALE
    return np.where(edges_valid(depth_m > 0), magnitude, 0.0).astype(np.float32)


def edges_valid(valid: Mask) -> Mask:
    """Where a pixel and its eight neighbours all have a reading, bool (h, w)."""
    return np.asarray(cv2.erode(valid.astype(np.uint8), np.ones((3, 3), np.uint8))) > 0


def _uint8(image: NDArray[Any]) -> UInt8Image:
    return np.asarray(image, dtype=np.uint8)
