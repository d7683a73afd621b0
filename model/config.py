"""What a training run is told, and what a weights version says of itself: plain dataclasses, JSON both ways."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from capture.frame import CaptureError

ACTIVE = "active"  # `continue_from`: the weights in use when the training starts, the starter if none was chosen
CANONICAL_FOCAL_PX = 200.0  # of the network's input; near that of phones and Kinects at 192x256
INPUT_SIZE = (192, 256)  # width and height of the portrait input: the LiDAR's own grid
SIZE_MULTIPLE = 32  # the finetune network halves the picture five times
VERSION_SCHEMA = 1

T = TypeVar("T")

CONFIG_NAME, REPORT_NAME, CARD_NAME = "config.json", "report.json", "card.md"
GRADIENT_NAME, FINETUNE_NAME = "gradient.keras", "finetune.keras"
OPENVINO_NAMES = ("pair.xml", "pair.bin")


@dataclass(frozen=True)
class TrainConfig:
    """One training run. `size` is (width, height) of the portrait input; landscape frames use it turned."""

    data: tuple[str, ...]  # folders: datasets or single recordings
    out: str  # the new version's own folder; must not exist yet
    held_out: tuple[str, ...] | None = None  # recordings, by name or path; () none; None the newest that can be
    epochs: int = 20  # of each of the two networks
    budget_minutes: float | None = None  # where given, ends the training whatever `epochs` says
    epoch_frames: int = 400  # an epoch draws at most so many; a 60 fps recording is full of near-duplicates
    size: tuple[int, int] = INPUT_SIZE
    batch: int = 8
    learning_rate: float | None = None  # None: 2e-3 from scratch, 5e-4 when going on from a version
    zoom: float = 1.1  # random zoom up to this; wide zoom helps many rooms and hurts one small scene
    turned: float = 0.0  # share of the batches cut to the other orientation, so that it is learned too
    continue_from: str | None = ACTIVE  # a version's folder or name; None = from scratch
    seed: int = 0

    def __post_init__(self) -> None:
        whole = all(isinstance(v, int) for v in (self.epochs, self.batch, self.epoch_frames, self.seed, *self.size))
        _require(whole, "epochs, batch, epoch_frames, seed and size must be whole numbers", self)
        _require(len(self.size) == 2, "size must be (width, height)", self.size)
        width, height = self.size
        _require(len(self.data) > 0, "data must name at least one recording or dataset", self.data)
        _require(bool(self.out), "out must name the new version's folder", self.out)
        _require(self.epochs >= 1, "epochs must be 1 or more", self.epochs)
        _require(
            self.budget_minutes is None or self.budget_minutes > 0, "budget_minutes must be > 0", self.budget_minutes
        )
        _require(self.batch >= 2, "batch must be 2 or more, batch normalisation needs it", self.batch)
        _require(self.epoch_frames >= self.batch, "epoch_frames must be at least one batch", self.epoch_frames)
        _require(0 <= self.turned <= 1, "turned must be 0 to 1", self.turned)
        _require(1 <= self.zoom <= 4, "zoom must be 1 to 4", self.zoom)
        _require(self.learning_rate is None or self.learning_rate > 0, "learning_rate must be > 0", self.learning_rate)
        multiples = all(side >= 2 * SIZE_MULTIPLE and side % SIZE_MULTIPLE == 0 for side in self.size)
        _require(multiples, f"size must be multiples of {SIZE_MULTIPLE}, 64 or more", self.size)
        _require(width <= height, "size is that of the portrait input, width <= height", self.size)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> TrainConfig:
        """Raises CaptureError where a value is missing, unknown or out of range."""
        return _from_json(cls, text, "training configuration", strict=True)


@dataclass(frozen=True)
class VersionConfig:
    """`config.json` of a weights version: what a reader must know to use it, and where it came from."""

    created_utc: str
    size: tuple[int, int]  # (width, height) of the portrait input
    canonical_focal_px: float
    preset: str
    parent: str | None  # the version it went on from
    train: dict[str, Any]  # the TrainConfig it was made with
    data: list[dict[str, Any]]  # recordings: name, path, frames, crc32 of the commit log, held_out
    software: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)  # crc32 of the OpenVINO pair, so that a torn copy is noticed
    schema_version: int = VERSION_SCHEMA

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, folder: Path) -> VersionConfig:
        """Raises CaptureError where `folder` is no whole weights version of a kind this program knows."""
        path = folder / CONFIG_NAME
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise CaptureError(
                f"{folder} is not a weights version: its {CONFIG_NAME} cannot be read ({error.strerror})"
            ) from None
        config = _from_json(cls, text, str(path), strict=False)
        if config.schema_version != VERSION_SCHEMA:
            raise CaptureError(f"{path} is of schema {config.schema_version}; this program reads {VERSION_SCHEMA}")
        return config

    def input_size(self, landscape: bool) -> tuple[int, int]:
        """(width, height) of the network's input."""
        width, height = self.size
        return (height, width) if landscape else (width, height)


def file_crc32(path: Path) -> str:
    return f"{zlib.crc32(path.read_bytes()):08x}"


def _from_json(cls: type[T], text: str, what: str, strict: bool) -> T:
    """Builds the dataclass `cls`, lists as tuples where it has tuples. Unknown fields are an error or ignored."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CaptureError(f"{what} is not JSON: {error}") from None
    _require(isinstance(values, dict), f"{what} must be a JSON object", type(values).__name__)
    types = {f.name: str(f.type) for f in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(types))
    _require(
        not (strict and unknown), f"{what} has fields that mean nothing here; it may have {sorted(types)}", unknown
    )
    known = {name: _tupled(value, types[name]) for name, value in values.items() if name in types}
    try:
        return cls(**known)
    except TypeError as error:
        raise CaptureError(f"{what}: a field is missing or of the wrong kind ({error})") from None


def _tupled(value: Any, kind: str) -> Any:  # noqa: ANN401 - JSON holds anything
    if not kind.startswith("tuple") or (value is None and kind.endswith("None")):
        return value
    _require(isinstance(value, list), f"expected a list for {kind}", value)
    return tuple(value)


def _require(holds: bool, rule: str, received: object) -> None:
    if not holds:
        raise CaptureError(f"{rule}. Received: {received!r}")
