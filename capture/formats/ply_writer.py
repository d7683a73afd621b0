"""Write a picture and its depth map as a coloured point cloud, a PLY file.

PLY: Greg Turk, "The PLY Polygon File Format", Stanford University, 1994; a text header, then packed records.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.formats.base import ExportFormat
from capture.formats.parts.intrinsics_file import require_focal_length
from capture.frame import DepthMap, Intrinsics, describe
from capture.geometry.unproject import unproject
from capture.jpeg import UInt8Image, decode_jpeg
from capture.storage.encoding import EncodedFrame, decode_png

# The axes that viewers of point clouds expect, and that `Pose` transforms to the world.
AXES = "camera axes x right, y up, z towards the viewer (OpenGL's), in metres"
_COLOURS = ("red", "green", "blue")
_POINT = np.dtype([(axis, "<f4") for axis in "xyz"] + [(colour, "u1") for colour in _COLOURS])
_HEADER = f"""ply
format binary_little_endian 1.0
comment {AXES}
element vertex %d
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
end_header
"""


def encode_ply(rgb: UInt8Image, depth_m: DepthMap, intrinsics: Intrinsics) -> bytes:
    """Encode a binary little-endian PLY file with a point per reading: x, y, z in float32 metres (AXES), and RGB.

    rgb         uint8 (H, W, 3), red first, of any size: each point takes its colour averaged over its depth pixel
    depth_m     float32 (h, w) over the whole picture, metres along the optical axis, 0 = no reading and no point
    intrinsics  in pixels of `rgb`

    Raises ValueError if the camera's focal length is unknown (0).
    """
    if not (intrinsics.fx > 0 and intrinsics.fy > 0):
        raise ValueError(f"a point cloud needs the camera's focal length. Received: {intrinsics}")
    if rgb.ndim != 3 or depth_m.ndim != 2:
        raise ValueError(f"rgb must be (H, W, 3) and depth_m (h, w). Received: {describe(rgb)} and {describe(depth_m)}")
    points = _points(rgb, depth_m, intrinsics)
    return (_HEADER % len(points)).encode("ascii") + points.tobytes()


class PlyWriter:
    """Writer of one frame as a point cloud, in its camera's axes."""

    remark = ""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, frame: EncodedFrame) -> None:
        """Write the file. Raises LidarliveError if the frame gives no cloud, OSError if it cannot be written."""
        require_focal_length(frame.intrinsics, f"frame {frame.index}: a point cloud")
        depth_m = decode_png(frame.depth_png, frame.depth_size, np.uint16).astype(np.float32) / np.float32(1000)
        try:
            cloud = encode_ply(decode_jpeg(frame.jpeg), depth_m, frame.intrinsics)
        except ValueError as error:
            raise LidarliveError(f"frame {frame.index}: {error}") from None
        self._path.write_bytes(cloud)

    def close(self) -> None:
        """Do nothing: the file is complete already."""


def _points(rgb: UInt8Image, depth_m: DepthMap, intrinsics: Intrinsics) -> NDArray[np.void]:
    """Return a record of _POINT for each pixel with a reading, row by row."""
    height, width = depth_m.shape
    k = intrinsics.resized((rgb.shape[1], rgb.shape[0]), (width, height))
    colours = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    row, column = np.nonzero(depth_m > 0)
    places = unproject(row, column, depth_m[row, column], k)
    points = np.empty(len(places), dtype=_POINT)
    for i, axis in enumerate("xyz"):
        points[axis] = places[:, i]
    for i, colour in enumerate(_COLOURS):
        points[colour] = colours[row, column, i]
    return points


FORMAT = ExportFormat(
    name="ply",
    title="point clouds",
    writes="one frame's point cloud, in its camera's axes",
    drops="all other frames",
    open=lambda path, _: PlyWriter(path),
    suffix=".ply",
    one_frame=True,
)
