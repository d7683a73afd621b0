"""Read recordings from disk, with random access. `capture.storage.layout` describes their files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.frame import Camera, DepthMap, Frame
from capture.jpeg import Jpeg, UInt8Image, decode_jpeg
from capture.storage.encoding import EncodedFrame, decode_png
from capture.storage.layout import (
    INFO_NAME,
    LOG_NAME,
    MAX_IMAGE_BYTES,
    FrameLine,
    is_recording,
    is_remains,
    read_file,
    read_info,
    read_log,
)
from capture.storage.repair import being_written, repair
from capture.timing.frame_times import FrameTime, FrameTimes, elapsed_s
from capture.wording import counted

MIN_LINE_BYTES = 100  # a third of the shortest line; limits the index of a log, 8 bytes per line


class Recording:
    """A recording opened for reading; `recording[i]` reads and decodes one frame.

    Lines are indexed by offset and parsed on access, so that long recordings open quickly. A recording whose status is
    `recording` although no process is writing it was torn by a crash: opening repairs it first, and `repaired` reports
    what was done. A recording that is being written opens up to its last complete frame.

    Whatever the files contain, reading returns frames or raises LidarliveError: sizes are checked against those of the
    recording before anything is decoded.

    Raises LidarliveError if `path` is not a recording or cannot be read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.info = read_info(self.path)
        self.repaired = ""
        if self.info.status == "recording" and not being_written(self.path):
            repaired = repair(self.path)
            self.info, self._log, self.repaired = repaired.info, repaired.log, repaired.done
        else:
            self._log = read_log(self.path)
        if self._log.count(b"\n") * MIN_LINE_BYTES > len(self._log):
            raise LidarliveError(f"{self.path / LOG_NAME} is not a log of frames. Try: lidarlive check")
        self._ends = np.flatnonzero(np.frombuffer(self._log, dtype=np.uint8) == ord("\n"))

    def __len__(self) -> int:
        return len(self._ends)

    def line(self, i: int) -> FrameLine:
        """Return the log line of frame `i`, without reading its files."""
        start = 0 if i == 0 else int(self._ends[i - 1]) + 1
        try:
            line = FrameLine.from_json(self._log[start : int(self._ends[i])])
            line.check_layout(self.info)
        except ValueError as error:
            raise LidarliveError(f"{self.path / LOG_NAME}, line {i + 1}: {error}. Try: lidarlive check") from None
        return line

    def lines(self) -> Iterator[FrameLine]:
        return (self.line(i) for i in range(len(self)))

    def times(self) -> Iterator[FrameTime]:
        """Yield the time of each frame, by the camera's clock where it is usable; parses the whole log."""
        times = FrameTimes()
        return (times.add(line.received_ns, line.camera_time_s) for line in self.lines())

    def file_bytes(self, line: FrameLine, kind: str) -> bytes:
        """Return the bytes of a frame's `rgb`, `depth` or `confidence` file."""
        try:
            return read_file(self.path / line.files[kind].path, MAX_IMAGE_BYTES)
        except ValueError as error:
            raise self._fault(line, kind, str(error)) from None

    def rgb(self, line: FrameLine, reduced: int = 1) -> UInt8Image:
        """Return uint8 (H, W, 3), red first; `reduced` 2, 4 or 8 decodes at that fraction of the size, much faster."""
        try:
            return decode_jpeg(self._jpeg(line, self.file_bytes(line, "rgb")).data, reduced)
        except ValueError as error:
            raise self._fault(line, "rgb", str(error)) from None

    def depth_m(self, line: FrameLine) -> DepthMap:
        """Return float32 (h, w), metres, 0 = no reading."""
        millimetres = self._grey(line, "depth", self.file_bytes(line, "depth"), np.uint16)
        return millimetres.astype(np.float32) / np.float32(1000)

    def confidence(self, line: FrameLine) -> UInt8Image | None:
        """Return uint8 (h, w), 0..2; None if the phone sent none."""
        return self._levels(line, self.file_bytes(line, "confidence")) if "confidence" in line.files else None

    def frame(self, i: int) -> Frame:
        line = self.line(i)
        image = self._jpeg(line, self.file_bytes(line, "rgb"))
        try:
            image.pixels_for(image.size)  # decode and cache now, so that a failure is raised here and not later
        except ValueError as error:
            raise self._fault(line, "rgb", str(error)) from None
        return Frame(
            index=line.stream_index,
            received_ns=line.received_ns,
            image=image,
            depth_m=self.depth_m(line),
            confidence=self.confidence(line),
            intrinsics=line.intrinsics,
            pose=line.pose,
            camera=self.camera,
            camera_time_s=line.camera_time_s,
            phone_time_unix_s=line.phone_time_unix_s,
        )

    def encoded(self, i: int) -> EncodedFrame:
        """Return frame `i` as the bytes of its files, checked by their checksums and decoded once.

        Raises LidarliveError if a file is missing, is not what was recorded, or cannot be decoded.
        """
        line = self.line(i)
        files = {kind: self.file_bytes(line, kind) for kind in line.files}
        for kind, data in files.items():
            if not line.files[kind].matches(data):
                raise self._fault(line, kind, "is not what was recorded (its checksum differs)")
        self._jpeg(line, files["rgb"])
        self._grey(line, "depth", files["depth"], np.uint16)
        if "confidence" in files:
            self._levels(line, files["confidence"])
        return EncodedFrame(
            index=line.stream_index,
            received_ns=line.received_ns,
            time_utc=line.time_utc,
            jpeg=files["rgb"],
            rgb_size=line.files["rgb"].size,
            depth_png=files["depth"],
            depth_size=line.files["depth"].size,
            confidence_png=files.get("confidence"),
            intrinsics=line.intrinsics,
            pose=line.pose,
            camera=self.camera,
            camera_time_s=line.camera_time_s,
            phone_time_unix_s=line.phone_time_unix_s,
        )

    def __getitem__(self, i: int) -> Frame:
        if not -len(self) <= i < len(self):
            raise IndexError(f"{self.path.name} has {counted(len(self), 'frame')}. Received: {i}")
        return self.frame(i % len(self))

    def __iter__(self) -> Iterator[Frame]:
        return (self.frame(i) for i in range(len(self)))

    @property
    def camera(self) -> Camera:
        return Camera(self.info.camera)

    @cached_property
    def seconds(self) -> float:
        """Time from the first frame to the last, by the camera's clock where the phone sent it."""
        if len(self) < 2:
            return 0.0
        first, last = self.line(0), self.line(len(self) - 1)
        return elapsed_s((first.received_ns, last.received_ns), (first.camera_time_s, last.camera_time_s))

    @property
    def fps(self) -> float:
        """Mean frame rate of the stream, counting lost and skipped frames; 30 if there are too few frames."""
        frames = self.line(len(self) - 1).stream_index - self.line(0).stream_index if self.seconds else 0
        return frames / self.seconds if frames > 0 else 30.0

    def _jpeg(self, line: FrameLine, data: bytes) -> Jpeg:
        try:
            jpeg = Jpeg.checked(data)
        except ValueError as error:
            raise self._fault(line, "rgb", str(error)) from None
        if jpeg.size != line.files["rgb"].size:
            raise self._fault(line, "rgb", f"must be {line.files['rgb'].size}. Received: {jpeg.size}")
        return jpeg

    def _grey(self, line: FrameLine, kind: str, data: bytes, dtype: type[np.unsignedinteger[Any]]) -> NDArray[Any]:
        """Decode a grey PNG of the line's size and this sample type; anything else is an error."""
        try:
            return decode_png(data, line.files[kind].size, dtype)
        except ValueError as error:
            raise self._fault(line, kind, str(error)) from None

    def _levels(self, line: FrameLine, data: bytes) -> UInt8Image:
        levels = self._grey(line, "confidence", data, np.uint8)
        if levels.max() > 2:
            raise self._fault(line, "confidence", f"confidence must be 0, 1 or 2. Received: {levels.max()}")
        return levels

    def _fault(self, line: FrameLine, kind: str, message: str) -> LidarliveError:
        return LidarliveError(f"{self.path / line.files[kind].path}: {message}. Try: lidarlive check")


class Dataset:
    """A folder of recordings, or one recording, sorted by name (that is, by the time they began).

    Raises LidarliveError if there is no recording at `path`.
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


def recording_folders(path: Path, remains: bool = False) -> list[Path]:
    """Return the recording at `path`, or those in the folder, sorted by name, without opening them.

    `remains`: include folders that a crash left without a recording.json. Raises LidarliveError if there are none.
    """
    if not path.exists():
        raise LidarliveError(f"{path} does not exist")

    def wanted(folder: Path) -> bool:
        return is_recording(folder) or (remains and is_remains(folder))

    if wanted(path):
        return [path]
    folders = sorted(child for child in path.iterdir() if wanted(child)) if path.is_dir() else []
    if not folders:
        raise LidarliveError(
            f"{path} is not a recording and holds none (no {INFO_NAME} found). "
            "Record with `lidarlive record` or convert with `lidarlive import`"
        )
    return folders
