"""Read Record3D's own `.r3d` file: a ZIP of `metadata` (JSON) and `rgbd/N.jpg`, `rgbd/N.depth`, `rgbd/N.conf`.

Documented by the app's author: github.com/marek-simonik/record3d, issues 7 (depth), 27 and 33 (poses), 83 (intrinsics)
and 93 (the files). `.depth` is LZFSE of float32 metres, `.conf` LZFSE of uint8. Older files lack `dh`, `dw`,
`initPose`, `perFrameIntrinsicCoeffs` and `frameTimestamps`.
"""

from __future__ import annotations

import json
import re
from math import isqrt
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from capture.errors import LidarliveError
from capture.formats.base import ImportFormat, ImportOptions
from capture.formats.containers.archive import ZIP_START
from capture.formats.containers.record3d_members import is_exr_folder, is_unpacked, open_members
from capture.formats.parts.json_values import JsonNumbers, is_lost_pose
from capture.frame import LIDAR_PIXELS, Camera, DepthMap, Intrinsics, Pose, clean_depth, is_time
from capture.geometry.poses import LOST_POSE, is_pose
from capture.jpeg import UInt8Image, jpeg_size
from capture.protocol.lzfse import inflate, inflated_size
from capture.storage.encoding import EncodedFrame, encode_depth, encode_png
from capture.wording import counted, verb

# For metadata: four times what the app writes; JSON takes up to twenty times its size in memory.
MAX_METADATA_BYTES, MAX_FRAME_METADATA_BYTES = 1 << 20, 1 << 10
MAX_SIDE = 4096  # pixels, twice the largest picture seen; a float32 depth map then fits MAX_MEMBER_BYTES
SUFFIX = ".r3d"
_JPEG_NAME = re.compile(r"rgbd/(0|[1-9][0-9]{0,7})\.jpg")


class R3dFile:
    """A `.r3d` file opened for reading frame by frame, in any order. Sizes are (width, height).

    `cameraType` is 1 in every LiDAR file seen and is read like the device type on the wire: 1 LiDAR, 0 TrueDepth. Files
    without it are LiDAR if the depth map has the LiDAR's 192 x 256 pixels. `initPose` is not applied: poses are used
    as the app wrote them; a frame without one, zeros in the file, has `LOST_POSE`. If most frames have confidence, one
    without is damaged; otherwise confidence is ignored.

    Raises LidarliveError, naming file and field, if the file or a frame of it does not follow the format.
    """

    depth_scale = None  # depth is in metres

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._archive = open_members(self.path)
        try:
            self._read_metadata()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> R3dFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._archive.close()

    def __len__(self) -> int:
        return self._frames

    @property
    def remark(self) -> str:
        """Remark for the user about the file as a whole; usually empty."""
        remarks = []
        if few := 0 if self._has_confidence else self._with_confidence:
            have = verb(few, "has", "have")
            remarks.append(f"only {few} of {counted(len(self), 'frame')} {have} confidence; it is ignored")
        if self._metadata.get("poses") and not self._poses:
            remarks.append(f"none of its {counted(len(self), 'frame')} has a pose: all are zeros")
        return "; ".join(remarks)

    def jpeg(self, i: int) -> bytes:
        """Return the phone's own JPEG bytes, checked to be intact and of `rgb_size`."""
        name = f"rgbd/{i}.jpg"
        data = self._archive.read(name)
        try:
            size = jpeg_size(data)
        except ValueError as error:
            raise self._fault(name, str(error)) from None
        if size != self.rgb_size:
            raise self._fault(name, f"must be {_by(self.rgb_size)} as in metadata. Received: {_by(size)}")
        return data

    def depth_lzfse(self, i: int) -> bytes:
        """Return LZFSE of float32 metres, row by row, `depth_size`; only the size in its block headers is checked."""
        return self._read_compressed(f"rgbd/{i}.depth", itemsize=4)

    def depth_m(self, i: int) -> DepthMap:
        """Return float32 (h, w), metres, 0 = no reading."""
        data = self._decompress(f"rgbd/{i}.depth", itemsize=4)
        width, height = self.depth_size
        return clean_depth(np.frombuffer(data, dtype="<f4").reshape(height, width))

    def confidence_lzfse(self, i: int) -> bytes | None:
        """Return LZFSE of uint8, row by row, `depth_size`; None if the file has no confidence."""
        return self._read_compressed(f"rgbd/{i}.conf", itemsize=1) if self._has_confidence else None

    def confidence(self, i: int) -> UInt8Image | None:
        """Return uint8 (h, w), 0..2; None if the file has no confidence."""
        if not self._has_confidence:
            return None
        name = f"rgbd/{i}.conf"
        width, height = self.depth_size
        levels = np.frombuffer(self._decompress(name, itemsize=1), dtype=np.uint8).reshape(height, width)
        if levels.max() > 2:
            raise self._fault(name, f"confidence must be 0, 1 or 2. Received: {levels.max()}")
        return levels

    def intrinsics(self, i: int) -> Intrinsics:
        """Return the intrinsics of the RGB image: the frame's own if the file has them, else the recording's."""
        return self._intrinsics[i] if self._intrinsics else self._shared_intrinsics

    def pose(self, i: int) -> Pose:
        """Return the pose, camera to world; identity if the file has no poses (TrueDepth)."""
        return self._poses[i] if self._poses else Pose()

    @property
    def has_times(self) -> bool:
        """Whether the file has the app's time stamps, which are those of the camera."""
        return bool(self._times_s)

    def time_s(self, i: int) -> float:
        """Return seconds from the start of the recording: the app's time stamp, else `i / fps`."""
        return self._times_s[i] if self._times_s else i / self.fps

    def read_frame(self, i: int) -> EncodedFrame:
        """Encode frame `i`: JPEG bytes unchanged, depth in 16-bit millimetres, no wall-clock time.

        The app's time stamps are the camera's.
        """
        confidence = self.confidence(i)
        return EncodedFrame(
            index=i,
            received_ns=round(self.time_s(i) * 1e9),
            time_utc=None,
            jpeg=self.jpeg(i),
            rgb_size=self.rgb_size,
            depth_png=encode_depth(self.depth_m(i)),
            depth_size=self.depth_size,
            confidence_png=None if confidence is None else encode_png(confidence),
            intrinsics=self.intrinsics(i),
            pose=self.pose(i),
            camera=self.camera,
            camera_time_s=self._camera_time_s(i),
        )

    def _camera_time_s(self, i: int) -> float | None:
        return self._times_s[i] if self._times_s and is_time(self._times_s[i]) else None

    def _read_metadata(self) -> None:
        names = self._archive.names
        found = [int(match[1]) for match in map(_JPEG_NAME.fullmatch, names) if match]
        if not found:
            raise self._fault("rgbd", "has no frames (no rgbd/0.jpg). Export the recording from Record3D again")
        self._frames = max(found) + 1
        if self._frames > 2 * len(found):
            raise self._fault("rgbd", f"more than half of {self._frames} frames are missing. Received: {len(found)}")
        self._with_confidence = sum(f"rgbd/{i}.conf" in names for i in range(self._frames))
        self._has_confidence = 2 * self._with_confidence > self._frames
        try:
            most_bytes = MAX_METADATA_BYTES + self._frames * MAX_FRAME_METADATA_BYTES
            metadata = json.loads(self._archive.read("metadata", most_bytes))
        except (ValueError, RecursionError) as error:
            raise self._fault("metadata", f"must be JSON: {error}") from None
        if not isinstance(metadata, dict):
            raise self._fault("metadata", f"must be a JSON object. Received: {type(metadata).__name__}")
        self._metadata: dict[str, Any] = metadata
        numbers = JsonNumbers(metadata, f"{self.path}: metadata")
        self.rgb_size = numbers.side("w", MAX_SIDE), numbers.side("h", MAX_SIDE)
        self.fps = numbers.number("fps")
        if not 0 < self.fps <= 1000:
            raise self._fault("metadata: fps", f"must be frames a second. Received: {self.fps:g}")
        has_depth_size = {"dw", "dh"} <= metadata.keys()
        self.depth_size = (
            (numbers.side("dw", MAX_SIDE), numbers.side("dh", MAX_SIDE)) if has_depth_size else self._infer_depth()
        )
        self.camera = self._read_camera()
        self._intrinsics = [Intrinsics(*row) for row in numbers.rows("perFrameIntrinsicCoeffs", 4, self._frames)]
        rows = numbers.rows("poses", 7, self._frames, is_empty=is_lost_pose)
        poses = [Pose.from_list(row) if row else LOST_POSE for row in rows]
        self._poses = poses if any(map(is_pose, poses)) else []
        self._times_s = [row[0] for row in numbers.rows("frameTimestamps", 1, self._frames)]
        if not self._intrinsics:
            fx, _, _, _, fy, _, cx, cy, _ = numbers.numbers("K", metadata.get("K"), 9)  # column by column
            self._shared_intrinsics = Intrinsics(fx, fy, cx, cy)

    def _read_camera(self) -> Camera:
        width, height = self.depth_size
        kind = self._metadata.get("cameraType", int(width * height == LIDAR_PIXELS))
        if kind not in (0, 1):
            raise self._fault("metadata: cameraType", f"must be 0 or 1. Received: {kind!r}")
        return Camera.LIDAR if kind else Camera.TRUEDEPTH

    def _infer_depth(self) -> tuple[int, int]:
        """Infer the depth size of older files: the pixel count of the first map, in the picture's proportions."""
        name = "rgbd/0.depth"
        try:
            values, odd = divmod(inflated_size(self._archive.read(name)), 4)
        except ValueError as error:
            raise self._fault(name, str(error)) from None
        width = isqrt(values * self.rgb_size[0] // self.rgb_size[1])
        if odd or not width or values % width or width * self.rgb_size[1] != values // width * self.rgb_size[0]:
            raise self._fault(
                "metadata: dw, dh", f"missing, and {values} depth values do not have the shape of {_by(self.rgb_size)}"
            )
        return width, values // width

    def _read_compressed(self, name: str, itemsize: int) -> bytes:
        data = self._archive.read(name)
        expected = self.depth_size[0] * self.depth_size[1] * itemsize
        try:
            size = inflated_size(data)
        except ValueError as error:
            raise self._fault(name, str(error)) from None
        if size != expected:
            raise self._fault(name, f"must hold {expected} bytes ({_by(self.depth_size)}). Received: {size}")
        return data

    def _decompress(self, name: str, itemsize: int) -> bytes:
        data = self._read_compressed(name, itemsize)
        try:
            return inflate(data, self.depth_size[0] * self.depth_size[1] * itemsize)
        except ValueError as error:
            raise self._fault(name, str(error)) from None

    def _fault(self, field: str, message: str) -> LidarliveError:
        return LidarliveError(f"{self.path}: {field}: {message}")


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _matches(path: Path) -> bool:
    """By suffix, or by the first bytes of a file that was renamed; a folder by what is in it."""
    if path.is_dir():
        return is_unpacked(path) or is_exr_folder(path)
    if path.suffix.lower() == SUFFIX:
        return True
    if not path.is_file():  # reading a pipe would block
        return False
    with path.open("rb") as file:
        return file.read(len(ZIP_START)) == ZIP_START


def _open(path: Path, _: ImportOptions) -> R3dFile:
    return R3dFile(path)


FORMAT = ImportFormat(
    name="r3d",
    title="Record3D files",
    reads="Record3D's own file, with or without confidence, from the LiDAR or the TrueDepth camera, also unpacked to a "
    "folder; the app's export as EXR and JPG",
    matches=_matches,
    open=_open,
    suffixes=(SUFFIX,),
    has_own_scale=True,
)
