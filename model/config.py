"""Options of a training run, and the description of a weights version: dataclasses, JSON both ways."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from capture.errors import LidarliveError
from capture.storage import json_codec
from model.preset_facts import PRESETS, Recipe, facts_of, preset_names
from model.report import SAME_WALK

ACTIVE = "active"  # `continue_from`: the weights in use when the training starts, the starter by default
CANONICAL_FOCAL_PX = 200.0  # of the network's input; near that of phones and Kinects at 192x256
HELD_OUT_FRAMES = 200  # measured after each epoch, evenly spread: more would cost time and change little
INPUT_SIZE = (192, 256)  # width and height of the portrait input: the LiDAR's own grid
TASKS = ("gradient", "finetune")  # of every preset, in the order trained
UNBOUNDED_EPOCHS = 100_000  # where a budget alone ends a training
VERSION_SCHEMA = 1
FLOAT32, BFLOAT16 = "f32", "bf16"  # as OpenVINO calls them
MOST_WORSE = 0.01  # share of the RMSE that a lower precision may cost

CONFIG_NAME, REPORT_NAME, CARD_NAME = "config.json", "report.json", "card.md"
GRADIENT_NAME, FINETUNE_NAME = "gradient.keras", "finetune.keras"
OPENVINO_NAMES = ("pair.xml", "pair.bin")


@dataclass(frozen=True)
class TrainConfig:
    """Options of one training run. `size` is (width, height) of the portrait input; landscape frames use it turned."""

    data: tuple[str, ...]  # folders: datasets or single recordings
    out: str  # the new version's own folder; must not exist yet
    held_out: tuple[str, ...] | None = None  # recordings, by name or path; () none; None the newest that can be
    preset: str | None = None  # None: that of the parent version, else preset_facts.DEFAULT_PRESET
    epochs: int | None = None  # of each task; None: the recipe's, or as many as the budget allows
    budget_minutes: float | None = None  # ends the training, whatever `epochs` is
    epoch_frames: int = 400  # an epoch draws at most so many: a 60 fps recording is full of near-duplicates
    size: tuple[int, int] | None = None  # None: that of the parent version, else INPUT_SIZE
    batch: int | None = None  # None: the recipe's, like the learning rate
    learning_rate: float | None = None
    zoom: float = 1.1  # random zoom up to this; wide zoom helps many rooms and hurts one small scene
    turned: float = 0.0  # share of the batches cut to the other orientation, so that it is learned too
    continue_from: str | None = ACTIVE  # a version's folder or name; None = from scratch
    seed: int = 0
    resumable: bool = False  # write a checkpoint after each epoch, so that an interrupted training can be resumed
    resume: bool = False  # resume the interrupted training that was to become `out`
    last_fifth: bool | None = None  # judge the only recording on it; None: where `held_out` is None and it is possible

    def __post_init__(self) -> None:
        numbers = (self.epochs, self.batch, self.epoch_frames, self.seed, *(self.size or ()))
        whole = all(isinstance(v, int) for v in numbers if v is not None)
        _require(whole, "epochs, batch, epoch_frames, seed and size must be whole numbers", self)
        _require(len(self.data) > 0, "data must name at least one recording or dataset", self.data)
        _require(bool(self.out), "out must name the new version's folder", self.out)
        known = self.preset is None or self.preset in PRESETS
        _require(known, f"preset must be one of {preset_names()}", self.preset)
        _require(self.epochs is None or self.epochs >= 1, "epochs must be 1 or more", self.epochs)
        _require(
            self.budget_minutes is None or self.budget_minutes > 0, "budget_minutes must be > 0", self.budget_minutes
        )
        _require(
            self.batch is None or self.batch >= 2, "batch must be 2 or more, as batch normalisation needs", self.batch
        )
        _require(self.epoch_frames >= self.recipe.batch, "epoch_frames must be at least one batch", self.epoch_frames)
        _require(0 <= self.turned <= 1, "turned must be 0 to 1", self.turned)
        _require(1 <= self.zoom <= 4, "zoom must be 1 to 4", self.zoom)
        _require(self.learning_rate is None or self.learning_rate > 0, "learning_rate must be > 0", self.learning_rate)
        one = not (self.held_out and self.last_fifth)
        _require(one, "held_out and last_fifth exclude each other: choose one", self.held_out)
        if self.size is not None:
            self._check_size(*self.size)

    def _check_size(self, *size: int) -> None:
        _require(len(size) == 2 and min(size) >= 32, "size must be (width, height), 32 or more", size)
        _require(size[0] <= size[1], "size is that of the portrait input, width <= height", size)
        if self.preset is not None:
            multiple = facts_of(self.preset).size_multiple
            fits = all(side % multiple == 0 and side >= 2 * multiple for side in size)
            _require(fits, f"preset {self.preset}: size must be multiples of {multiple}, {2 * multiple} or more", size)

    @property
    def recipe(self) -> Recipe:
        """The preset's recipe with the options of this run; its `learning_rate` is the one to use."""
        own = facts_of(self.preset).recipe
        return replace(
            own,
            batch=self.batch or own.batch,
            epochs=self.epochs or (own.epochs if self.budget_minutes is None else UNBOUNDED_EPOCHS),
            learning_rate=self.learning_rate
            or (own.further_learning_rate if self.continue_from else own.learning_rate),
        )

    def to_document(self) -> dict[str, object]:
        """As JSON has it: lists in place of tuples."""
        return json_codec.parse_object(self.to_json())

    def to_json(self) -> str:
        return json_codec.encode(self)

    @classmethod
    def from_json(cls, text: str) -> TrainConfig:
        """Raises LidarliveError where a value is missing, unknown or out of range."""
        try:
            document = json_codec.parse_object(text)
            if unknown := json_codec.unknown_fields(cls, document):
                known = ", ".join(each.name for each in fields(cls))
                raise ValueError(f"unknown options; known are {known}. Received: {unknown}")
            return json_codec.from_document(cls, document)
        except ValueError as error:
            raise LidarliveError(f"training configuration: {error}") from None


@dataclass(frozen=True)
class UsedRecording:
    """One recording that a version was trained on or judged by; `crc32` is that of its commit log.

    `last_fifth_from`: the first frame of its last fifth, by which the version was judged, although it was trained on
    the frames before; `left_out` of those, nearest to it, were not trained on. None: the whole recording has one role.
    """

    name: str
    frames: int
    crc32: str
    held_out: bool
    path: str = ""
    last_fifth_from: int | None = None
    left_out: int = 0

    @property
    def role(self) -> str:
        if self.last_fifth_from is None:
            return "held out" if self.held_out else "trained on"
        judged, trained = self.frames - self.last_fifth_from, self.last_fifth_from - self.left_out
        return f"{trained} trained on, the last {judged} judged on ({SAME_WALK}), {self.left_out} between left out"


@dataclass(frozen=True)
class VersionConfig:
    """`config.json` of a weights version: what is needed to run it, and how it was made."""

    created_utc: str
    size: tuple[int, int]  # (width, height) of the portrait input
    canonical_focal_px: float | None  # None: its depth does not depend on the focal length
    preset: str
    parent: str | None  # the version that its training continued from
    train: dict[str, object]  # the TrainConfig of its training, as the program of that time wrote it
    data: list[UsedRecording]
    software: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)  # crc32 of the OpenVINO pair: detects a torn copy
    rmse_m: dict[str, float] = field(default_factory=dict)  # on held-out frames, by precision (training/precision.py)
    schema_version: int = VERSION_SCHEMA

    def to_json(self) -> str:
        return json_codec.encode(self, indent=2) + "\n"

    @classmethod
    def read(cls, folder: Path) -> VersionConfig:
        """Raises LidarliveError where `folder` is no weights version, or one of an unknown schema."""
        path = folder / CONFIG_NAME
        try:
            config = json_codec.decode(cls, path.read_bytes())
        except OSError as error:
            raise LidarliveError(
                f"{folder} is not a weights version: its {CONFIG_NAME} cannot be read ({error.strerror})"
            ) from None
        except ValueError as error:
            raise LidarliveError(f"{path}: {error}") from None
        if config.schema_version != VERSION_SCHEMA:
            raise LidarliveError(f"{path} is of schema {config.schema_version}; this program reads {VERSION_SCHEMA}")
        return config

    @property
    def precision(self) -> str:
        """The lowest precision that is accurate enough, for processors that have it; float32 where unmeasured."""
        if not {FLOAT32, BFLOAT16} <= self.rmse_m.keys():
            return FLOAT32
        return BFLOAT16 if self.rmse_m[BFLOAT16] < (1 + MOST_WORSE) * self.rmse_m[FLOAT32] else FLOAT32

    def input_size(self, landscape: bool) -> tuple[int, int]:
        """(width, height) of the network's input."""
        width, height = self.size
        return (height, width) if landscape else (width, height)


def file_crc32(path: Path) -> str:
    return f"{zlib.crc32(path.read_bytes()):08x}"


def _require(holds: bool, rule: str, received: object) -> None:
    if not holds:
        raise LidarliveError(f"{rule}. Received: {received!r}")
