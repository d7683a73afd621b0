"""Trainings that were interrupted and can go on: what they were told, and how far they came. No Keras here."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from capture.errors import LidarliveError
from model.config import TASKS, TrainConfig
from model.training.checkpoint import (
    FACTS,
    HELD_OUT,
    LOCK_NAME,
    PREFIX,
    RECORDING,
    STATE_ERRORS,
    STATE_NAME,
    folder_of,
    out_of,
)


@dataclass(frozen=True)
class Interrupted:
    """A training as its last whole epoch left it."""

    config: TrainConfig  # what to tell the trainer to go on with it: that which it was told, and `resume`
    task: str  # one of TASKS: the one under way, the last where only converting is left
    epoch: int  # how many of that task's are done
    when: datetime  # the end of that epoch, UTC


def interrupted(weights: Path) -> list[Interrupted]:
    """The trainings in the folder `weights` that can go on, the newest first.

    One that is running is none of them, nor is one whose state cannot be read: to begin that anew says what is wrong.
    """
    found = (_read(path) for path in weights.glob(f"{PREFIX}*/{STATE_NAME}") if not _is_held(path.parent))
    return sorted((each for each in found if each), key=lambda each: each.when, reverse=True)


def discard(out: Path) -> None:
    """Delete what is left of the training that was to become `out`; there may be nothing.

    Raises LidarliveError where it is running, or the disk does not let go.
    """
    folder = folder_of(out)
    if not folder.exists():
        return
    if _is_held(folder):
        raise LidarliveError(f"{out} is being trained: end that before it is thrown away")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise LidarliveError(f"{folder} cannot be deleted ({error.strerror or error})") from None


def _read(path: Path) -> Interrupted | None:
    try:
        with np.load(path, allow_pickle=False) as file:  # only the member that is asked for is read
            facts = json.loads(str(file[FACTS]))
        config = _config(facts["told"], out_of(path.parent))
        fitted, outcomes = facts["fitted"], facts["outcomes"]
        task = TASKS[min(len(outcomes), len(TASKS) - 1)]
        epoch = outcomes[task]["epochs"] if task in outcomes else fitted["epoch"] if fitted else 0
        return Interrupted(config, task, int(epoch), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except (*STATE_ERRORS, LidarliveError, AttributeError, TypeError):
        return None


def _config(told: dict[str, Any], out: Path) -> TrainConfig:
    """What model.training.version_files.told made flat, as it was."""
    recordings = {name.removeprefix(RECORDING): what for name, what in told.items() if name.startswith(RECORDING)}
    names = {field.name for field in fields(TrainConfig)}
    known = {name: value for name, value in told.items() if name in names}
    paths = {
        "data": list(recordings),
        "held_out": [path for path, what in recordings.items() if what.endswith(HELD_OUT)],
    }
    return TrainConfig.from_json(json.dumps({**known, **paths, "out": str(out), "resumable": True, "resume": True}))


def _is_held(folder: Path) -> bool:
    lock = FileLock(folder / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # of a folder that nobody may write to, nobody trains either
        return False
    lock.release()
    return False
