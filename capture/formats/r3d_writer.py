"""Write Record3D's own `.r3d` file; `capture.formats.r3d_reader` describes its contents.

As in the app's own files, `initPose` is the identity, time stamps count from the first frame, and `K` has the first
frame's intrinsics, column by column.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import lzfse
import numpy as np

from capture.formats.base import ExportFormat
from capture.formats.parts.intrinsics_file import IMPORT_AGAIN
from capture.frame import Camera, Pose
from capture.storage.encoding import EncodedFrame, decode_png
from capture.timing.frame_times import FrameTimes
from capture.wording import counted, verb

MAX_FPS = 1000  # the most that the reader accepts
_CAMERA_TYPES = {Camera.TRUEDEPTH: 0, Camera.LIDAR: 1}


class R3dWriter:
    """Writer of one `.r3d` file. JPEG files are copied; depth becomes float32 metres without loss.

    `metadata` contains the numbers of all frames and is written last, so these are kept until `close`: 25 MB for 10,000
    frames.

    Raises OSError if the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self._metadata: dict[str, Any] = {}
        self._times = FrameTimes()
        self._times_ns: list[int] = []
        self._poses: list[list[float]] = []
        self._intrinsics: list[list[float]] = []

    @property
    def remark(self) -> str:
        unknown = sum(row[0] <= 0 for row in self._intrinsics)
        which = "it" if unknown == len(self._intrinsics) else f"{unknown} of {counted(len(self._intrinsics), 'frame')}"
        have = "has" if which == "it" else verb(unknown, "has", "have")
        what = f"{which} {have} no intrinsics: they are 0 in the file, and other programs need them. {IMPORT_AGAIN}"
        return "; ".join(filter(None, (self._times.remark, what if unknown else "")))

    def append(self, frame: EncodedFrame) -> None:
        i = len(self._times_ns)
        if i == 0:
            self._metadata = _recording_metadata(frame)
        self._times_ns.append(self._times.add(frame.received_ns, frame.camera_time_s).time_ns)
        self._poses.append(frame.pose.as_list())
        self._intrinsics.append(frame.intrinsics.as_list())
        depth_m = decode_png(frame.depth_png, frame.depth_size, np.uint16).astype("<f4") / np.float32(1000)
        self._zip.writestr(f"rgbd/{i}.jpg", frame.jpeg)
        self._zip.writestr(f"rgbd/{i}.depth", lzfse.compress(depth_m.tobytes()))
        if frame.confidence_png is not None:
            levels = decode_png(frame.confidence_png, frame.depth_size, np.uint8)
            self._zip.writestr(f"rgbd/{i}.conf", lzfse.compress(levels.tobytes()))

    def close(self) -> None:
        with self._zip:
            self._zip.writestr("metadata", json.dumps(self._metadata | self._frame_metadata()))

    def _frame_metadata(self) -> dict[str, Any]:
        times_s = [(time_ns - self._times_ns[0]) / 1e9 for time_ns in self._times_ns]
        return {
            "fps": _fps(times_s),
            "poses": self._poses,
            "perFrameIntrinsicCoeffs": self._intrinsics,
            "frameTimestamps": times_s,
        }


def _recording_metadata(first: EncodedFrame) -> dict[str, Any]:
    k = first.intrinsics
    return {
        "w": first.rgb_size[0],
        "h": first.rgb_size[1],
        "dw": first.depth_size[0],
        "dh": first.depth_size[1],
        "cameraType": _CAMERA_TYPES[first.camera],
        "K": [k.fx, 0, 0, 0, k.fy, 0, k.cx, k.cy, 1],
        "initPose": Pose().as_list(),
    }


def _fps(times_s: list[float]) -> int:
    """Return the mean frame rate, as a whole number like the app's; 30 if there are too few frames."""
    seconds = times_s[-1] - times_s[0] if times_s else 0.0
    return min(max(round((len(times_s) - 1) / seconds), 1), MAX_FPS) if seconds > 0 else 30


FORMAT = ExportFormat(
    name="r3d",
    title="Record3D files",
    writes="Record3D's own file: depth in float32 metres, confidence, poses, intrinsics and time of each frame, "
    "by the camera's clock or else of arrival",
    drops="the time of day",
    open=lambda path, _: R3dWriter(path),
    suffix=".r3d",
)
