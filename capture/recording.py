"""Recordings read from disk, with random access. What lies there is described in `capture.layout`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from capture.frame import Camera, CaptureError, DepthMap, Frame, UInt8Image
from capture.layout import INFO_NAME, LOCK_NAME, LOG_NAME, FrameLine, is_recording, read_info

_REDUCED_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


class Recording:
    """A recording opened for reading; `recording[i]` reads and decodes one frame.

    Lines are indexed by offset and parsed on access, so that long recordings open at once. A recording that nobody is
    writing although its status says so was torn by a crash: opening repairs it first (`repaired` says what was done).
    A recording that is being written opens as far as it is whole.

    Raises CaptureError where `path` is not a recording or cannot be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.info = read_info(self.path)
        self.repaired = ""
        if self.info.status == "recording" and not being_written(self.path):
            from capture.check import repair  # check opens recordings too

            self.repaired = repair(self.path)
            self.info = read_info(self.path)
        try:
            self._log = (self.path / LOG_NAME).read_bytes()
        except OSError as error:
            raise CaptureError(f"{self.path}: its commit log cannot be read: {error.strerror}") from error
        self._ends = np.flatnonzero(np.frombuffer(self._log, dtype=np.uint8) == ord("\n"))

    def __len__(self) -> int:
        return len(self._ends)

    def line(self, i: int) -> FrameLine:
        """What the log says of frame `i`, without reading its files."""
        start = 0 if i == 0 else int(self._ends[i - 1]) + 1
        try:
            return FrameLine.from_json(self._log[start : int(self._ends[i])])
        except ValueError as error:
            raise CaptureError(
                f"{self.path / LOG_NAME}, line {i + 1}: {error}. Try: lidarlive check --repair"
            ) from None

    def lines(self) -> Iterator[FrameLine]:
        return (self.line(i) for i in range(len(self)))

    def file_bytes(self, line: FrameLine, kind: str) -> bytes:
        """The bytes of a frame's `rgb`, `depth` or `confidence` file."""
        path = self.path / line.files[kind].path
        try:
            return path.read_bytes()
        except OSError as error:
            raise CaptureError(f"{path} cannot be read: {error.strerror}. Try: lidarlive check --repair") from error

    def rgb(self, line: FrameLine, reduced: int = 1) -> UInt8Image:
        """uint8 (H, W, 3), red first; `reduced` 2, 4 or 8 decodes at that fraction of the size, much faster."""
        image = self._decode(line, "rgb", _REDUCED_FLAGS[reduced] | cv2.IMREAD_IGNORE_ORIENTATION)
        rgb: UInt8Image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return rgb

    def depth_m(self, line: FrameLine) -> DepthMap:
        """float32 (h, w), metres, 0 = no reading."""
        millimetres = self._decode(line, "depth", cv2.IMREAD_UNCHANGED)
        if millimetres.dtype != np.uint16 or millimetres.ndim != 2:
            raise CaptureError(
                f"{self.path / line.files['depth'].path} must be a 16-bit grey PNG. "
                f"Received: {millimetres.dtype} {millimetres.shape}"
            )
        return millimetres.astype(np.float32) / np.float32(1000)

    def confidence(self, line: FrameLine) -> UInt8Image | None:
        """uint8 (h, w), 0..2, or None where the phone sent none."""
        if "confidence" not in line.files:
            return None
        return self._decode(line, "confidence", cv2.IMREAD_UNCHANGED).astype(np.uint8, copy=False)

    def frame(self, i: int) -> Frame:
        line = self.line(i)
        return Frame(
            index=line.stream_index,
            received_ns=line.received_ns,
            rgb=self.rgb(line),
            depth_m=self.depth_m(line),
            confidence=self.confidence(line),
            intrinsics=line.intrinsics,
            pose=line.pose,
            camera=self.camera,
            jpeg=self.file_bytes(line, "rgb"),
        )

    def __getitem__(self, i: int) -> Frame:
        if not -len(self) <= i < len(self):
            raise IndexError(f"{self.path.name} has {len(self)} frames. Received: {i}")
        return self.frame(i % len(self))

    def __iter__(self) -> Iterator[Frame]:
        return (self.frame(i) for i in range(len(self)))

    @property
    def camera(self) -> Camera:
        return Camera(self.info.camera)

    @cached_property
    def seconds(self) -> float:
        """Time from the first frame to the last."""
        if len(self) < 2:
            return 0.0
        return (self.line(len(self) - 1).received_ns - self.line(0).received_ns) / 1e9

    @property
    def fps(self) -> float:
        """Mean frame rate, lost frames counted as if they had come; 30 where there are too few frames to tell."""
        if not self.seconds:
            return 30.0
        return (self.line(len(self) - 1).stream_index - self.line(0).stream_index) / self.seconds

    def _decode(self, line: FrameLine, kind: str, flags: int) -> NDArray[Any]:
        data = np.frombuffer(self.file_bytes(line, kind), dtype=np.uint8)
        image = cv2.imdecode(data, flags) if data.size else None
        if image is None:
            raise CaptureError(
                f"{self.path / line.files[kind].path} is not a whole image. Try: lidarlive check --repair"
            )
        decoded: NDArray[Any] = image
        return decoded


class Dataset:
    """A folder of recordings, or one recording, sorted by name (that is, by the time they began).

    Raises CaptureError where there is no recording at `path`.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._recordings = [Recording(folder) for folder in recording_folders(self.path)]

    def __len__(self) -> int:
        return len(self._recordings)

    def __getitem__(self, i: int) -> Recording:
        return self._recordings[i]

    def __iter__(self) -> Iterator[Recording]:
        return iter(self._recordings)


def being_written(path: Path) -> bool:
    """Whether a living process holds the recording's lock."""
    lock = FileLock(path / LOCK_NAME, blocking=False)
    try:
        with lock:
            return False
    except (TimeoutError, OSError):
        return True


def recording_folders(path: Path) -> list[Path]:
    """The recordings at `path`, which is one or a folder of them, sorted by name, unopened.

    Raises CaptureError where there is none.
    """
    if not path.exists():
        raise CaptureError(f"{path} does not exist")
    if is_recording(path):
        return [path]
    folders = sorted(child for child in path.iterdir() if is_recording(child)) if path.is_dir() else []
    if not folders:
        raise CaptureError(
            f"{path} is not a recording and holds none (no {INFO_NAME} found). "
            "Record with `lidarlive record` or convert with `lidarlive import`"
        )
    return folders
