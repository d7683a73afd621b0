"""Write a TUM RGB-D sequence; `capture.formats.tum_reader` describes the files."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from capture.formats.base import ExportFormat
from capture.formats.parts import intrinsics_file
from capture.formats.parts.images import NO_READING
from capture.formats.parts.opencv_poses import opencv_from_pose
from capture.formats.tum_reader import UNITS_PER_METRE
from capture.frame import Pose
from capture.geometry.poses import LOST_POSE
from capture.storage.encoding import EncodedFrame, decode_png, encode_png
from capture.timing.frame_times import FrameTimes
from capture.wording import counted, verb

UNITS_PER_MM = round(UNITS_PER_METRE / 1000)
MAX_MM = (NO_READING - 1) // UNITS_PER_MM  # 13.106 m: the most that 16 bits hold, except the value for no reading
_HEADERS = {
    "rgb.txt": "# timestamp filename\n",
    "depth.txt": f"# timestamp filename; {UNITS_PER_METRE:.0f} = 1 m, 0 = no reading\n",
    "groundtruth.txt": "# timestamp tx ty tz qx qy qz qw, camera to world, camera axes x right, y down, z ahead\n",
    intrinsics_file.NAME: intrinsics_file.HEADER,
}


class TumWriter:
    """Writer of one sequence. JPEG files are copied; depth keeps its size and has 5000 units per metre.

    Every reader of the format expects that factor, so depth beyond MAX_MM becomes no reading, and `remark` counts it.
    Time stamps have six decimals, like the benchmark's: the camera's clock where the phone sent it, else the time of
    arrival; each must be later than the previous one,
    so one that is not is moved to a microsecond after it, and counted. A recording without poses gets no ground truth,
    one without intrinsics no `intrinsics.txt`, and a frame without a pose no line of ground truth.

    Raises OSError if the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        for folder in (path, path / "rgb", path / "depth"):
            folder.mkdir()
        self._path = path
        self._times = FrameTimes()
        self._last_us = -1
        self._frames = self._too_far = self._moved = 0
        self._known: set[str] = {"rgb.txt", "depth.txt"}
        with contextlib.ExitStack() as opened:
            self._lists = {
                name: opened.enter_context(open(path / name, "w", encoding="ascii", newline="\n")) for name in _HEADERS
            }
            for name, header in _HEADERS.items():
                self._lists[name].write(header)
            self._opened = opened.pop_all()

    @property
    def remark(self) -> str:
        remarks = [self._times.remark] if self._times.remark else []
        if self._too_far:
            do = verb(self._too_far, "does", "do")
            remarks.append(
                f"{counted(self._too_far, 'depth reading')} beyond {MAX_MM / 1000} m {do} not fit 16 bits at "
                f"{UNITS_PER_METRE:.0f} units per metre and became no reading"
            )
        if self._moved:
            were = verb(self._moved, "was", "were")
            remarks.append(
                f"{self._moved} of {counted(self._frames, 'frame')} {were} not later than the previous one and {were} "
                "moved after it"
            )
        return "; ".join(remarks)

    def append(self, frame: EncodedFrame) -> None:
        stamp = self._stamp(self._times.add(frame.received_ns, frame.camera_time_s).time_ns)
        rgb, depth = f"rgb/{stamp}.jpg", f"depth/{stamp}.png"
        (self._path / rgb).write_bytes(frame.jpeg)
        (self._path / depth).write_bytes(encode_png(self._units(frame)))
        self._lists["rgb.txt"].write(f"{stamp} {rgb}\n")
        self._lists["depth.txt"].write(f"{stamp} {depth}\n")
        if frame.pose != LOST_POSE:
            quaternion, position_m = opencv_from_pose(frame.pose)
            numbers = " ".join(f"{number:.9f}" for number in (*position_m, *quaternion))
            self._lists["groundtruth.txt"].write(f"{stamp} {numbers}\n")
        self._lists[intrinsics_file.NAME].write(intrinsics_file.intrinsics_line(rgb, frame.intrinsics))
        if frame.pose not in (Pose(), LOST_POSE):
            self._known.add("groundtruth.txt")
        if frame.intrinsics.fx > 0:
            self._known.add(intrinsics_file.NAME)
        self._frames += 1

    def close(self) -> None:
        self._opened.close()
        for name in self._lists.keys() - self._known:
            (self._path / name).unlink()

    def _stamp(self, time_ns: int) -> str:
        own_us = round(time_ns / 1000)
        self._moved += own_us <= self._last_us
        self._last_us = max(own_us, self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def _units(self, frame: EncodedFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
        millimetres = decode_png(frame.depth_png, frame.depth_size, np.uint16)
        too_far = millimetres > MAX_MM
        self._too_far += int(np.count_nonzero(too_far))
        return np.where(too_far, np.uint16(0), millimetres) * np.uint16(UNITS_PER_MM)


FORMAT = ExportFormat(
    name="tum",
    title="TUM RGB-D sequences",
    writes="`rgb.txt`, `depth.txt`, `groundtruth.txt` (OpenCV's axes), 5000 units per metre; `intrinsics.txt` with the "
    "camera of each picture; time stamps by the camera's clock, else of arrival",
    drops="confidence; depth beyond 13.1 m, which is counted",
    open=lambda path, _: TumWriter(path),
    resizes=True,
)
