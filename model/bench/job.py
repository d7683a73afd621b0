"""What one training of the benchmark is told, and how it is named. No Keras here: the command line asks for it too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from capture.errors import LidarliveError
from capture.recording import Recording
from model.config import INPUT_SIZE
from model.data.split import Split, label, open_recordings, split

# In the order of the table; model/bench/candidates.py says what each is.
CANDIDATES = ("original", "fast", "fast-no-gradient", "fast-random", "fastdepth", "fastdepth-pretrained")
KERAS_WEIGHTS_NAME = "graph.weights.h5"  # beside the OpenVINO pair, for TensorFlow to be timed on the same weights

STOPPED = "The benchmark was stopped; what was measured before is kept, and the same command goes on from it"


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
        """What is trained on and what chooses the epoch; and what is for the test alone.

        Raises LidarliveError where a frame of either stands among the others, or nothing chooses.
        """
        recordings = open_recordings(self.data)
        apart = split(recordings, [*self.held_out, *self.test])
        chooses = split(recordings, self.held_out).held_out
        test = tuple(recording for recording in apart.held_out if recording not in chooses)
        if not chooses:
            raise LidarliveError("Name the recording that chooses the best epoch: --held-out NAME")
        return Split(apart.train, chooses, apart.notes), test

    def told(self) -> dict[str, Any]:
        """What decides how good a network becomes, but for its seed: results of the same can stand in one table."""
        parts, test = self.split()
        everything = (*parts.train, *parts.held_out, *test)
        named = {"train": parts.train, "held_out": parts.held_out, "test": test}
        frames = {role: {label(r, everything): len(r) for r in each} for role, each in named.items()}
        return {"minutes": self.minutes, "images": self.images, "size": list(self.size), **frames}

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        given: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
        return cls(**values)
