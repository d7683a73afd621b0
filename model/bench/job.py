"""One training of the benchmark: its options, its results, its names. No Keras here: the command line imports it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage import json_codec
from model.config import INPUT_SIZE
from model.data.split import Split, label, open_recordings, split
from model.events import Event

# In the order of the table; described in model/bench/candidates.py.
CANDIDATES = ("original", "fast", "fast-no-gradient", "fast-random", "fastdepth", "fastdepth-pretrained")
KERAS_WEIGHTS_NAME = "graph.weights.h5"  # beside the OpenVINO pair, so that TensorFlow is timed on the same weights

STOPPED = "The benchmark was stopped; its results are kept, and the same command continues from them"

Row = dict[str, Any]  # one line of the table, as in results.jsonl: see model/bench/run.py


@dataclass(frozen=True)
class Job:
    """One candidate trained once, from one seed, on everything of `data` that is neither held out nor for the test."""

    candidate: str
    seed: int
    minutes: float | None  # of processor time, all cores together; or
    images: int | None  # so many seen, by all tasks together
    data: tuple[str, ...]  # folders: datasets or single recordings
    held_out: tuple[str, ...]  # recordings, by name or path, that choose the epoch and are reported
    test: tuple[str, ...]  # recordings that are reported and choose nothing
    out: str  # the benchmark's folder
    size: tuple[int, int] = INPUT_SIZE  # (width, height) of the portrait input

    def __post_init__(self) -> None:
        if self.candidate not in CANDIDATES:
            raise LidarliveError(f"The benchmark's networks are {', '.join(CANDIDATES)}. Received: {self.candidate!r}")
        if (self.minutes is None) is (self.images is None):
            raise LidarliveError(f"Give minutes or images. Received: {self.minutes} and {self.images}")
        asked = self.images if self.minutes is None else self.minutes
        if not (asked or 0) > 0:
            raise LidarliveError(f"minutes and images must be more than 0. Received: {asked}")

    @property
    def trained_path(self) -> Path:
        """Where its networks lie if they were trained elsewhere (model/bench/training.py)."""
        return Path(self.out) / "trained" / f"{self.candidate}-{self.seed}.npz"

    def split(self) -> tuple[Split, tuple[Recording, ...]]:
        """The recordings to train on and to choose the epoch by; and those for the test alone.

        Raises LidarliveError where these share a frame, or no recording chooses the epoch.
        """
        recordings = open_recordings(self.data)
        apart = split(recordings, [*self.held_out, *self.test])
        chooses = split(recordings, self.held_out).held_out
        test = tuple(recording for recording in apart.held_out if recording not in chooses)
        if not chooses:
            raise LidarliveError("Name the recording that chooses the best epoch: --held-out NAME")
        return Split(apart.train, chooses, apart.notes), test

    def fingerprint(self) -> Row:
        """Everything that affects the result, but for the seed: results of one table must agree in it."""
        parts, test = self.split()
        everything = (*parts.train, *parts.held_out, *test)
        named = {"train": parts.train, "held_out": parts.held_out, "test": test}
        frames = {role: {label(r, everything): len(r) for r in each} for role, each in named.items()}
        return {"minutes": self.minutes, "images": self.images, "size": list(self.size), **frames}

    def to_json(self) -> str:
        return json_codec.encode(self)

    @classmethod
    def from_json(cls, text: str) -> Job:
        return json_codec.decode(cls, text)


@dataclass(frozen=True)
class Benchmarked(Event):
    """A candidate was trained and measured."""

    event: ClassVar[str] = "done"
    results: list[Row]


@dataclass(frozen=True)
class Trained(Event):
    """A candidate was trained; its networks are in this file."""

    event: ClassVar[str] = "done"
    trained: str


@dataclass(frozen=True)
class Timed(Event):
    """Milliseconds a frame of each network, by runtime."""

    event: ClassVar[str] = "done"
    speed: dict[str, dict[str, float]]


@dataclass(frozen=True)
class RuntimesTimed(Event):
    """Times of all runtimes; see model/bench/inference.py."""

    event: ClassVar[str] = "done"
    inference: Row
