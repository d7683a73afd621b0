"""What is measured of a version: figures, the comparison with another version, and `report.json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from capture.errors import LidarliveError
from capture.storage import json_codec

Figures = dict[str, float | int | None]  # by metric, and "frames"; None where nothing counts (evaluation/metrics.py)
Ranges = dict[str, Figures]  # of "near" and "far"

SAME_WALK = "same walk: flatters the result"  # beside every figure of frames from a recording that was trained on


@dataclass(frozen=True)
class Measured:
    """The figures of a version on each recording by name, and on all together."""

    recordings: dict[str, Ranges]
    all: Ranges


@dataclass(frozen=True)
class Evaluation:
    """What `lidarlive evaluate --json` prints; `notes` are limits of its figures, in sentences."""

    weights: str
    recordings: dict[str, Ranges]
    all: Ranges
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class MotionEvaluation:
    """What `lidarlive evaluate --motion` adds: the same figures of predictions scaled from motion.

    `scaled_frames`: frames for whose scale there was evidence; the others keep the network's.
    """

    recordings: dict[str, Ranges]
    all: Ranges
    scaled_frames: int


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion; None where one has no figure."""

    difference: float | None
    interval: tuple[float, float] | None  # low and high of 95 %, see evaluation/bootstrap.py; None under 10 s of data


@dataclass(frozen=True)
class MetreErrors:
    """Errors of one version within one metre of distance."""

    rmse_m: float
    abs_rel: float


@dataclass(frozen=True)
class Metre:
    """Readings from `from_m` to a metre farther: their share of all readings, and the errors of both versions."""

    from_m: int
    share: float
    champion: MetreErrors
    challenger: MetreErrors


@dataclass(frozen=True)
class Shot:
    """One frame, `index` in the recording at this path, and the RMSE of both versions in metres, in `near`."""

    recording: str
    index: int
    champion_rmse_m: float
    challenger_rmse_m: float


@dataclass(frozen=True)
class PairedFigures:
    """Both versions on one set of recordings."""

    blocks: int  # half seconds that frames were measured in
    champion: Measured
    challenger: Measured
    differences: dict[str, dict[str, Difference]]  # by range, by metric
    by_metre: list[Metre]  # those with readings


@dataclass(frozen=True)
class Verdict:
    """`recommended` exactly where it is "better" on another walk than the one it was trained on.

    `forgotten`: worse by more than a quarter on the rendered rooms.
    """

    verdict: Literal["better", "worse", "undecided"]
    recommended: bool
    forgotten: bool
    sentence: str


@dataclass(frozen=True)
class VersionComparison:
    """What was compared, on what, and with what result."""

    champion: str  # the versions' folders
    challenger: str
    recordings: PairedFigures
    rooms: PairedFigures | None  # rendered rooms that neither was trained on, where they were asked for
    worst: list[Shot]  # of the recordings: where the challenger's error is largest
    lost: list[Shot]  # and where it lost most against the champion
    notes: list[str]  # limits of these figures, in sentences
    verdict: Verdict
    same_walk: bool = False  # the challenger was trained on other frames of the recordings


@dataclass(frozen=True)
class Outcome:
    """The result of training one task. The losses are those of the best epoch, whose weights the model keeps."""

    epochs: int
    best_epoch: int
    steps: int
    images: int
    seconds: float  # by fit's clock
    ended: str  # "epochs" | "budget" | "patience" | "asked" | "diverged": what ended it
    loss: float
    held_out_loss: float | None  # None where nothing is held out
    held_out_rmse_m: float | None  # None, too, where the task predicts no depth


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
    """What the trainer knows of a version without measuring it."""

    weights: str  # the version's folder
    preset: str = ""
    parameters: dict[str, int] = field(default_factory=dict)  # by network
    stages: dict[str, Outcome] = field(default_factory=dict)  # by task
    rehearsed: dict[str, int] = field(default_factory=dict)  # frames of the starter's rooms trained on besides, by room
    export_difference: float | None = None  # largest of OpenVINO from Keras, relative
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report(TrainingFacts):
    """`report.json` of a weights version; reports of older programs lack some of it."""

    all: Ranges
    validated: bool  # on recordings that it was not trained on
    same_walk: bool = False  # measured on the last fifth of the recording that it was trained on: flatters the result
    recordings: dict[str, Ranges] = field(default_factory=dict)
    measured_on: str = ""
    comparison: VersionComparison | None = None
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        return json_codec.encode(self, indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> Report:
        """Raises LidarliveError where the file cannot be read."""
        try:
            return json_codec.decode(cls, path.read_bytes())
        except (OSError, ValueError) as error:
            raise LidarliveError(f"{path} cannot be read: {error}") from error
