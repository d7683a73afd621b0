"""What a recording is on disk: its names and its two documents.

    <dataset>/<UTC start>_<name>/
        recording.json     what was recorded, with what, and how it ended
        frames.jsonl       the commit log: a frame exists once its line is whole and its files match the line
        rgb/000000.jpg  depth/000000.png (uint16 mm, 0 = no reading)  confidence/000000.png (0, 1, 2)

`writer.py` writes this, `capture.recording` reads it, `repair.py` keeps what is whole after a crash.

What is read may have been written by anyone: every size, number and path is checked before it is used.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from capture.errors import LidarliveError
from capture.frame import Camera, Intrinsics, Pose
from capture.frame_filter import FrameFilter
from capture.storage.names import time_prefix

SCHEMA_VERSION = 1
INFO_NAME = "recording.json"
LOG_NAME = "frames.jsonl"
LOCK_NAME = ".lock"  # held by the writer for as long as it lives, so that a reader can tell "being written" from "torn"
STATUSES = ("recording", "closed", "recovered", "incomplete")

MAX_SIDE = 8192  # pixels, four times the largest picture an iPhone streams; bounds what decoding a picture may take
MAX_INFO_BYTES = 1 << 20  # a thousand times what recording.json takes
MAX_LOG_BYTES = 1 << 30  # eight hours at 60 frames a second
MAX_IMAGE_BYTES = 64 << 20  # as for a frame on the wire; a hundred times the largest seen
MAX_COUNT = 1 << 63  # of frames and of nanoseconds: what 64 bits hold, three centuries
_FILE_PATH = re.compile(r"[a-z]+/[0-9]+\.[a-z]+")  # a file of the recording and of no other folder


@dataclass(frozen=True)
class RecordingInfo:
    """`recording.json`.

    status    recording, closed, recovered (after a crash) or incomplete (ended by a fault such as a full disk)
    frames    of the log; while `status` is recording, those of which every byte is known to be on the disk
    lost      frames by cause; `possibly_lost_before_usb`, what pauses between arrivals point to, is not among them
    driver    what read the phone's stream, `record3d` or `native`; empty where it was no stream
    note      what a person, or the import, had to say about it
    imported  from a foreign data set: torn by a crash it is `incomplete`, for the rest of its source is not in it
    chosen    which frames were to be recorded; None where every one was. Those left out are not among the lost
    """

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
    possibly_lost_before_usb: int = 0
    driver: str = ""
    note: str = ""
    imported: bool = False
    chosen: FrameFilter | None = None
    software: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(
        default_factory=lambda: {"depth": "millimetres, 0 = no reading", "confidence": "0 low, 1 medium, 2 high"}
    )
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> RecordingInfo:
        """Raises ValueError where a field is missing or of the wrong kind; fields of later versions are ignored."""
        document = _parse(text)
        values: dict[str, Any] = {}
        for known in fields(cls):
            if known.name in document:
                value = document[known.name]
                if not _IS_A[str(known.type)](value):
                    raise ValueError(f"{known.name} must be {known.type}. Received: {value!r:.80}")
                values[known.name] = tuple(value) if isinstance(value, list) else value
        if values.get("chosen") is not None:
            values["chosen"] = FrameFilter.from_json(values["chosen"])
        try:
            info = cls(**values)
        except TypeError as error:
            raise ValueError(f"missing field: {error}") from None
        Camera(info.camera)
        if info.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}. Received: {info.status!r:.80}")
        return info


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
    """One line of the commit log.

    `index` counts files, without gaps but for frames that a power cut took; `stream_index` also counts those that
    were lost, or left out by choice.
    """

    index: int
    stream_index: int
    received_ns: int
    time_utc: str | None
    intrinsics: Intrinsics
    pose: Pose
    files: dict[str, FileEntry]

    def to_json(self) -> bytes:
        """With the line's end."""
        document = json.dumps(
            {
                "index": self.index,
                "stream_index": self.stream_index,
                "received_ns": self.received_ns,
                "time_utc": self.time_utc,
                "intrinsics": self.intrinsics.as_list(),
                "pose": self.pose.as_list(),
                "files": {kind: vars(entry) for kind, entry in self.files.items()},
            }
        )
        return document.encode() + b"\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> FrameLine:
        """Raises ValueError where the line is torn or is not one of ours."""
        raw = _parse(text)
        try:
            line = cls(
                index=_count(raw["index"]),
                stream_index=_count(raw["stream_index"]),
                received_ns=_count(raw["received_ns"], least=-MAX_COUNT),
                time_utc=None if raw["time_utc"] is None else str(raw["time_utc"]),
                intrinsics=Intrinsics(*(float(v) for v in raw["intrinsics"])),
                pose=Pose.from_list(raw["pose"]),
                files={kind: _file_entry(entry) for kind, entry in raw["files"].items()},
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"not a frame line: {error!r:.80}") from error
        if not {"rgb", "depth"} <= line.files.keys():
            raise ValueError(f"a frame has an rgb and a depth file. Received: {', '.join(line.files) or 'none'}")
        return line

    def check_layout(self, info: RecordingInfo) -> None:
        """Raises ValueError where its files are not of the sizes that the recording states."""
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
    """`recording.json` of the recording at `path`. Raises LidarliveError where there is none or it is malformed."""
    if not is_recording(path):
        raise LidarliveError(f"{path} is not a recording: it has no {INFO_NAME}")
    try:
        return RecordingInfo.from_json(read_file(path / INFO_NAME, MAX_INFO_BYTES))
    except ValueError as error:
        raise LidarliveError(f"{path / INFO_NAME}: {error}. Try: lidarlive check --repair") from error


def read_log(path: Path) -> bytes:
    """The commit log of the recording at `path`. Raises LidarliveError where it cannot be read."""
    try:
        return read_file(path / LOG_NAME, MAX_LOG_BYTES)
    except ValueError as error:
        raise LidarliveError(f"{path / LOG_NAME}: {error}. Without it nothing tells which frames are whole") from error


def read_file(path: Path, most_bytes: int) -> bytes:
    """The whole file. Raises ValueError where it cannot be read, is larger, or is something else, such as a pipe."""
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


def _parse(text: str | bytes) -> dict[str, Any]:
    """A JSON object. Raises ValueError where `text` is none, however deep it is nested."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deep") from None
    if not isinstance(document, dict):
        raise ValueError(f"must be a JSON object. Received: {type(document).__name__}")
    return document


def _count(value: object, least: int = 0) -> int:
    if type(value) is not int or not least <= value < MAX_COUNT:
        raise ValueError(f"must be a whole number from {least} to below 2^63. Received: {value!r:.40}")
    return value


def _file_entry(raw: dict[str, Any]) -> FileEntry:
    path, size, crc32 = raw["path"], raw["size"], raw["crc32"]
    if not isinstance(path, str) or not _FILE_PATH.fullmatch(path):
        raise ValueError(f"a file's path must be like rgb/000000.jpg. Received: {path!r:.80}")
    if not _is_size(size):
        raise ValueError(f"a size must be two sides of 1 to {MAX_SIDE} pixels. Received: {size!r:.40}")
    return FileEntry(path, (size[0], size[1]), str(crc32))


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_COUNT


def _is_size(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(v) is int and 0 < v <= MAX_SIDE for v in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# How a field of recording.json, by its type, looks when it is one. JSON's own keys are always strings.
_IS_A: dict[str, Callable[[object], bool]] = {
    "str": _is_text,
    "int": _is_count,
    "bool": lambda value: isinstance(value, bool),
    "tuple[int, int]": _is_size,
    "FrameFilter | None": lambda value: value is None or isinstance(value, dict),
    "dict[str, int]": lambda value: isinstance(value, dict) and all(map(_is_count, value.values())),
    "dict[str, str]": lambda value: isinstance(value, dict) and all(map(_is_text, value.values())),
}
