"""What a job in a child process reports, as typed events; on the wire one JSON object a line.

{"event": "started", "train": {name: frames}, ...}       the tag of the class, then its fields
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import ClassVar, TypeVar

from capture.storage import json_codec
from model.report import Report


@dataclass(frozen=True)
class Event:
    """Base of all events; `event` is the tag on the wire."""

    event: ClassVar[str] = ""


OnEvent = Callable[[Event], None]
E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Started(Event):
    """A training begins."""

    event: ClassVar[str] = "started"
    train: dict[str, int]  # frames by recording
    held_out: dict[str, int]
    preset: str | None
    epochs: int | None  # of each task at most; None where only a budget ends it
    continue_from: str | None  # the parent version's folder
    resumed: bool
    notes: list[str] = field(default_factory=list)  # limits of what is held out, in sentences
    same_walk: bool = False  # `held_out` is the last fifth of the recording in `train`: flatters the result


@dataclass(frozen=True)
class Progress(Event):
    """How far the job is. Jobs other than trainings use `stage` and `fraction` alone."""

    event: ClassVar[str] = "progress"
    stage: str  # a task's name, "rooms", "converting", ...
    fraction: float  # 0..1, of the whole job
    epoch: int = 1
    epochs: int = 1
    step: int = 0
    steps: int = 0
    images_per_s: float = 0.0
    loss: float | None = None
    eta_s: float | None = None  # None: not known yet


@dataclass(frozen=True)
class Preview:
    """The prediction for one fixed frame; model/training/preview.py makes and reads it."""

    recording: str  # folder
    frame: int  # index
    depth_mm_png: str  # base64 of a 16-bit PNG in millimetres


@dataclass(frozen=True)
class Epoch(Event):
    """An epoch was trained and measured."""

    event: ClassVar[str] = "epoch"
    stage: str  # the task's name
    epoch: int
    loss: float
    held_out_loss: float | None  # None where nothing is held out
    held_out_rmse_m: float | None  # None, too, where the task predicts no depth
    best: bool  # so far
    preview: Preview | None = None  # None where the task predicts no depth


@dataclass(frozen=True)
class Asked(Event):
    """The trainer received the request to stop early."""

    event: ClassVar[str] = "asked"
    early: bool  # the last task has not been measured yet, and will be once


@dataclass(frozen=True)
class Done(Event):
    """A training ended with a version."""

    event: ClassVar[str] = "done"
    weights: str  # its folder
    report: Report
    validated: bool


@dataclass(frozen=True)
class Exported(Event):
    """A version was exported."""

    event: ClassVar[str] = "done"
    out: str  # folder
    version: str
    format: str
    difference: float  # the largest from Keras, relative


@dataclass(frozen=True)
class Failed(Event):
    """The job ended with an error; `message` is one line for the user."""

    event: ClassVar[str] = "error"
    message: str


Kinds = Sequence[type[Event]]
TRAINING: Kinds = (Started, Progress, Epoch, Asked, Done)  # what model.train reports, besides Failed


def encode(event: Event) -> str:
    """The line of an event, without its end."""
    return json.dumps({"event": event.event, **asdict(event)})


def decode(line: str | bytes, kinds: Kinds) -> Event:
    """The event of a line: one of `kinds`, or Failed. Raises ValueError where the line is none of these."""
    document = json_codec.parse_object(line)
    expected: list[type[Event]] = [*kinds, Failed]
    for kind in expected:
        if kind.event == document.get("event"):
            return json_codec.from_document(kind, document)
    raise ValueError(f"not an event of {', '.join(kind.event for kind in expected)}. Received: {line[:80]!r}")
