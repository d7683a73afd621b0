"""Format of a recording on disk: its names and its two documents.

    <dataset>/<UTC start>_<name>/
        recording.json     what was recorded, with what, and how it ended
        frames.jsonl       the commit log: a frame exists once its line is whole and its files match the line
        rgb/000000.jpg  depth/000000.png (uint16 mm, 0 = no reading)  confidence/000000.png (0, 1, 2)

`writer.py` writes it, `capture.recording` reads it, `repair.py` recovers the whole frames after a crash.

The files may come from anywhere: every size, number and path is checked before it is used.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from capture.errors import LidarliveError
from capture.frame import MAX_TIME_S, Camera, Intrinsics, Pose, is_time
from capture.frame_filter import FrameFilter
from capture.storage import json_codec
from capture.storage.names import time_prefix

SCHEMA_VERSION = 2  # 1: lines without the times that the phone sends
INFO_NAME = "recording.json"
LOG_NAME = "frames.jsonl"
LOCK_NAME = ".lock"  # held by the writer while it lives, so that a reader can distinguish "being written" from "torn"
STATUSES = ("recording", "closed", "recovered", "incomplete")

MAX_SIDE = 8192  # pixels, four times the largest picture an iPhone streams; bounds what decoding a picture may take
MAX_INFO_BYTES = 1 << 20  # a thousand times the size of a usual recording.json
MAX_LOG_BYTES = 1 << 30  # eight hours at 60 frames a second
MAX_IMAGE_BYTES = 64 << 20  # as for a frame on the wire; a hundred times the largest seen
MAX_COUNT = 1 << 63  # of frames and of nanoseconds: the range of 64 bits, three centuries
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT - 1)]
Side = Annotated[int, Meta(gt=0, le=MAX_SIDE)]
Size = tuple[Side, Side]  # (width, height), pixels
_FILE_PATH = re.compile(r"[a-z]+/[0-9]+\.[a-z]+")  # a file of the recording and of no other folder


@dataclass(frozen=True)
class RecordingInfo:
    """`recording.json`.

    status    recording, closed, recovered (after a crash) or incomplete (ended by a fault such as a full disk)
    frames    in the log; while `status` is recording, those that are certainly on disk
    lost      frames by cause; `possibly_lost_before_usb`, estimated from pauses between arrivals, is not included
    driver    that read the phone's stream, `record3d` or `native`; empty where it was no stream
    note      by the user, or by the import
    imported  from a foreign data set: after a crash it is `incomplete`, as the rest of its source is missing
    chosen    filter of the frames to record; None where every frame was. Frames left out are not counted as lost
    depth_scale  units per metre that an import assumed or was given; None where the source states its unit
    """

    name: str
    camera: str
    created_utc: str
    source: str
    rgb_size: Size
    depth_size: Size
    has_confidence: bool
    status: str = "recording"
    frames: Count = 0
    lost: dict[str, Count] = field(default_factory=dict)
    possibly_lost_before_usb: Count = 0
    driver: str = ""
    note: str = ""
    imported: bool = False
    chosen: FrameFilter | None = None
    depth_scale: float | None = None
    software: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(
        default_factory=lambda: {"depth": "millimetres, 0 = no reading", "confidence": "0 low, 1 medium, 2 high"}
    )
    schema_version: Count = SCHEMA_VERSION

    def to_json(self) -> bytes:
        return json_codec.encode(self, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> RecordingInfo:
        """Raises ValueError where a field is missing or of the wrong type; fields of later versions are ignored."""
        info = json_codec.decode(cls, text)
        Camera(info.camera)
        if info.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}. Received: {info.status!r:.80}")
        return info


@dataclass(frozen=True)
class FileEntry:
    """One file of a frame as its line describes it; `size` is (width, height)."""

    path: str
    size: Size
    crc32: str

    def matches(self, data: bytes) -> bool:
        return checksum(data) == self.crc32


@dataclass(frozen=True)
class FrameLine:
    """One line of the commit log.

    `index` counts files, without gaps but for frames lost in a power cut; `stream_index` also counts those that were
    lost, or left out by the filter.
    """

    index: int
    stream_index: int
    received_ns: int
    time_utc: str | None
    intrinsics: Intrinsics
    pose: Pose
    files: dict[str, FileEntry]
    camera_time_s: float | None = None
    phone_time_unix_s: float | None = None

    def to_json(self) -> bytes:
        """The line with its end."""
        document = json.dumps(
            {
                "index": self.index,
                "stream_index": self.stream_index,
                "received_ns": self.received_ns,
                "time_utc": self.time_utc,
                "camera_time_s": self.camera_time_s,
                "phone_time_unix_s": self.phone_time_unix_s,
                "intrinsics": self.intrinsics.as_list(),
                "pose": self.pose.as_list(),
                "files": {kind: vars(entry) for kind, entry in self.files.items()},
            }
        )
        return document.encode() + b"\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> FrameLine:
        """Raises ValueError where the line is torn or no frame line."""
        raw: dict[str, Any] = json_codec.parse_object(text)
        try:
            line = cls(
                index=_count(raw["index"]),
                stream_index=_count(raw["stream_index"]),
                received_ns=_count(raw["received_ns"], least=-MAX_COUNT),
                time_utc=None if raw["time_utc"] is None else str(raw["time_utc"]),
                intrinsics=Intrinsics(*(float(v) for v in raw["intrinsics"])),
                pose=Pose.from_list(raw["pose"]),
                files={kind: _file_entry(entry) for kind, entry in raw["files"].items()},
                camera_time_s=_time(raw.get("camera_time_s")),
                phone_time_unix_s=_time(raw.get("phone_time_unix_s")),
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"not a frame line: {error!r:.80}") from error
        if not {"rgb", "depth"} <= line.files.keys():
            raise ValueError(f"a frame has an rgb and a depth file. Received: {', '.join(line.files) or 'none'}")
        return line

    def check_layout(self, info: RecordingInfo) -> None:
        """Raises ValueError where its files have other sizes than the recording states."""
        sizes = {kind: entry.size for kind, entry in self.files.items()}
        stated = {"rgb": info.rgb_size, "depth": info.depth_size}
        if info.has_confidence:
            stated["confidence"] = info.depth_size
        if sizes != stated:
            raise ValueError(f"its files must be {stated} as in {INFO_NAME}. Received: {sizes}")


def is_recording(path: Path) -> bool:
    return (path / INFO_NAME).is_file()


def is_remains(path: Path) -> bool:
    """Whether it is the folder of a recording that lost its recording.json, or was killed before it had one."""
    named = time_prefix(path) or (path / LOG_NAME).exists() or (path / LOCK_NAME).exists()
    return bool(named) and path.is_dir() and not is_recording(path)


def read_info(path: Path) -> RecordingInfo:
    """Read `recording.json` of the recording at `path`. Raises LidarliveError where it is missing or malformed."""
    if not is_recording(path):
        raise LidarliveError(f"{path} is not a recording: it has no {INFO_NAME}")
    try:
        return RecordingInfo.from_json(read_file(path / INFO_NAME, MAX_INFO_BYTES))
    except ValueError as error:
        raise LidarliveError(f"{path / INFO_NAME}: {error}. Try: lidarlive check --repair") from error


def read_log(path: Path) -> bytes:
    """Read the commit log of the recording at `path`. Raises LidarliveError where it cannot be read."""
    try:
        return read_file(path / LOG_NAME, MAX_LOG_BYTES)
    except ValueError as error:
        raise LidarliveError(f"{path / LOG_NAME}: {error}. Without it the whole frames are unknown") from error


def read_file(path: Path, most_bytes: int) -> bytes:
    """Read the whole file. Raises ValueError where it cannot be read, is larger, or is no file, such as a pipe."""
    try:
        if not path.is_file() and path.exists():
            raise ValueError("is not a file")
        size = path.stat().st_size
        if size > most_bytes:
            raise ValueError(f"must have at most {most_bytes} bytes. Received: {size}")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error


def checksum(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"


def _count(value: object, least: int = 0) -> int:
    if type(value) is not int or not least <= value < MAX_COUNT:
        raise ValueError(f"must be a whole number from {least} to below 2^63. Received: {value!r:.40}")
    return value


def _time(value: object) -> float | None:
    if value is None:
        return None
    if not is_time(value):
        raise ValueError(f"a time must be seconds from 0 to {MAX_TIME_S:g}. Received: {value!r:.40}")
    return float(value)


def _file_entry(raw: dict[str, Any]) -> FileEntry:
    path, size, crc32 = raw["path"], raw["size"], raw["crc32"]
    if not isinstance(path, str) or not _FILE_PATH.fullmatch(path):
        raise ValueError(f"a file's path must be like rgb/000000.jpg. Received: {path!r:.80}")
    if not _is_size(size):
        raise ValueError(f"a size must be two sides of 1 to {MAX_SIDE} pixels. Received: {size!r:.40}")
    return FileEntry(path, (size[0], size[1]), str(crc32))


def _is_size(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(v) is int and 0 < v <= MAX_SIDE for v in value)
