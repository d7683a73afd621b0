"""Recordings on disk: the layout, the commit log, and readers with random access.

    <dataset>/<UTC start>_<name>/
        recording.json     what was recorded, with what, and how it ended
        frames.jsonl       the commit log: a frame exists once its line is whole and its files match the line
        rgb/000000.jpg  depth/000000.png (uint16 mm, 0 = no reading)  confidence/000000.png (0, 1, 2)

`capture.writer` writes this; `capture.check` repairs what a crash tore.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from capture.frame import Camera, CaptureError, DepthMap, Frame, Intrinsics, Pose, UInt8Image

SCHEMA_VERSION = 1
INFO_NAME = "recording.json"
LOG_NAME = "frames.jsonl"
LOCK_NAME = ".lock"  # held by the writer for as long as it lives, so that a reader can tell "being written" from "torn"

_REDUCED_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@dataclass(frozen=True)
class RecordingInfo:
    """`recording.json`. `status` is recording, closed, recovered or incomplete; `lost` counts frames by cause."""

    name: str
    camera: str
    created_utc: str
    source: str
    rgb_size: tuple[int, int]
    depth_size: tuple[int, int]
    has_confidence: bool
    status: str = "recording"
    frames: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    device_name: str = ""
    serial: str = ""
    note: str = ""
    software: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(
        default_factory=lambda: {"depth": "millimetres, 0 = no reading", "confidence": "0 low, 1 medium, 2 high"}
    )
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RecordingInfo:
        """Raises ValueError where a field is missing or of the wrong kind; fields of later versions are ignored."""
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError(f"must be a JSON object. Received: {type(document).__name__}")
        known = {f.name for f in fields(cls)}
        values = {key: value for key, value in document.items() if key in known}
        try:
            for key in ("rgb_size", "depth_size"):
                width, height = values[key]
                values[key] = (int(width), int(height))
            Camera(values["camera"])
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"missing or malformed field: {error}") from error


@dataclass(frozen=True)
class FileEntry:
    """One file of a frame as its line describes it; `size` is (width, height)."""

    path: str
    size: tuple[int, int]
    crc32: str

    def matches(self, data: bytes) -> bool:
        return checksum(data) == self.crc32


@dataclass(frozen=True)
class FrameLine:
    """One line of the commit log. `index` counts files without gaps, `stream_index` carries the gaps of lost frames."""

    index: int
    stream_index: int
    received_ns: int
    time_utc: str | None
    intrinsics: Intrinsics
    pose: Pose
    files: dict[str, FileEntry]

    def to_json(self) -> str:
        return json.dumps(
            {
                "index": self.index,
                "stream_index": self.stream_index,
                "received_ns": self.received_ns,
                "time_utc": self.time_utc,
                "intrinsics": self.intrinsics.as_list(),
                "pose": self.pose.as_list(),
                "files": {kind: asdict(entry) for kind, entry in self.files.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> FrameLine:
        """Raises ValueError where the line is torn or is not one of ours."""
        try:
            raw: dict[str, Any] = json.loads(text)
            return cls(
                index=int(raw["index"]),
                stream_index=int(raw["stream_index"]),
                received_ns=int(raw["received_ns"]),
                time_utc=raw["time_utc"],
                intrinsics=Intrinsics(*(float(v) for v in raw["intrinsics"])),
                pose=Pose.from_list(raw["pose"]),
                files={
                    kind: FileEntry(str(e["path"]), (int(e["size"][0]), int(e["size"][1])), str(e["crc32"]))
                    for kind, e in raw["files"].items()
                },
            )
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"not a frame line: {error!r}") from error


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
        if not self.path.exists():
            raise CaptureError(f"{self.path} does not exist")
        if is_recording(self.path):
            folders = [self.path]
        elif self.path.is_dir():
            folders = sorted(child for child in self.path.iterdir() if is_recording(child))
        else:
            folders = []
        if not folders:
            raise CaptureError(
                f"{self.path} is not a recording and holds none (no {INFO_NAME} found). "
                "Record with `lidarlive record` or convert with `lidarlive import`"
            )
        self._recordings = [Recording(folder) for folder in folders]

    def __len__(self) -> int:
        return len(self._recordings)

    def __getitem__(self, i: int) -> Recording:
        return self._recordings[i]

    def __iter__(self) -> Iterator[Recording]:
        return iter(self._recordings)


def is_recording(path: Path) -> bool:
    return (path / INFO_NAME).is_file()


def read_info(path: Path) -> RecordingInfo:
    """`recording.json` of the recording at `path`. Raises CaptureError where there is none or it is malformed."""
    if not is_recording(path):
        raise CaptureError(f"{path} is not a recording: it has no {INFO_NAME}")
    try:
        return RecordingInfo.from_json((path / INFO_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CaptureError(f"{path / INFO_NAME} cannot be read: {error}") from error


def being_written(path: Path) -> bool:
    """Whether a living process holds the recording's lock."""
    lock = FileLock(path / LOCK_NAME, blocking=False)
    try:
        with lock:
            return False
    except (TimeoutError, OSError):
        return True


def checksum(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"


def recording_name(name: str) -> str:
    """`name` fit for a folder on every file system."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name.strip())
    return kept.strip("-.") or "recording"
