"""What a recording is on disk: its names and its two documents.

    <dataset>/<UTC start>_<name>/
        recording.json     what was recorded, with what, and how it ended
        frames.jsonl       the commit log: a frame exists once its line is whole and its files match the line
        rgb/000000.jpg  depth/000000.png (uint16 mm, 0 = no reading)  confidence/000000.png (0, 1, 2)

`capture.writer` writes this, `capture.recording` reads it, `capture.check` repairs what a crash tore.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from capture.frame import Camera, CaptureError, Intrinsics, Pose

SCHEMA_VERSION = 1
INFO_NAME = "recording.json"
LOG_NAME = "frames.jsonl"
LOCK_NAME = ".lock"  # held by the writer for as long as it lives, so that a reader can tell "being written" from "torn"


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


def checksum(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"


def recording_name(name: str) -> str:
    """`name` fit for a folder on every file system."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name.strip())
    return kept.strip("-.") or "recording"
