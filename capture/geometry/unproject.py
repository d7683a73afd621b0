"""Convert pixels with a depth to points in space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.frame import Intrinsics


def unproject(
    row: NDArray[Any], column: NDArray[Any], depth_m: NDArray[Any], camera: Intrinsics
) -> NDArray[np.float32]:
    """Return float32 (n, 3): points in metres, camera axes x right, y up, z towards the viewer (OpenGL's).

    row, column  (n,) integers, pixels of a map; a ray passes through its pixel's centre
    depth_m      (n,) metres along the optical axis
    camera       in pixels of that map
    """
    points = np.empty((len(depth_m), 3), np.float32)
    points[:, 0] = (column + 0.5 - camera.cx) / camera.fx * depth_m
    points[:, 1] = (camera.cy - 0.5 - row) / camera.fy * depth_m
    points[:, 2] = -depth_m
    return points
