"""Find and discard interrupted trainings: their options and their progress. No Keras here."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from capture.errors import LidarliveError
from capture.storage.locks import Lock, locked
from model.config import TASKS, TrainConfig
from model.training.checkpoint import (
    FACTS,
    HELD_OUT,
    LOCK_NAME,
    PREFIX,
    RECORDING,
    STATE_ERRORS,
    STATE_NAME,
    Fingerprint,
    delete_working_folder,
    folder_of,
    out_of,
)


@dataclass(frozen=True)
class Interrupted:
    """An interrupted training after its last finished epoch."""

    config: TrainConfig  # its options, with `resume` set
    task: str  # one of TASKS: the current one, the last where only converting is left
    epoch: int  # finished epochs of that task
    when: datetime  # end of that epoch, UTC


def interrupted(weights: Path) -> list[Interrupted]:
    """The trainings in the folder `weights` that can be resumed, newest first.

    Running ones are left out, and those whose state cannot be read: resuming these by command explains what is wrong.
    """
    trainings = (_read(path) for path in weights.glob(f"{PREFIX}*/{STATE_NAME}") if not _is_held(path.parent))
    return sorted((each for each in trainings if each), key=lambda each: each.when, reverse=True)


def discard(out: Path) -> None:
    """Delete the checkpoint of the training of `out`, if there is one.

    Raises LidarliveError where it is running, or the files cannot be deleted.
    """
    folder = folder_of(out)
    if not folder.exists():
        return
    lock = Lock(folder / LOCK_NAME)
    try:
        lock.acquire(0)
        delete_working_folder(folder, lock)
    except FileNotFoundError:  # deleted meanwhile
        return
    except TimeoutError:
        raise LidarliveError(f"{out} is being trained: stop the training before you discard it") from None
    except OSError as error:
        raise LidarliveError(f"{folder} cannot be deleted ({error.strerror or error})") from None


def _read(path: Path) -> Interrupted | None:
    try:
        # Opened here: NumPy leaves a file open that is no archive. Only the members that are accessed are read.
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            facts = json.loads(str(file[FACTS]))
        config = _config(facts["told"], out_of(path.parent))
        fitted, outcomes = facts["fitted"], facts["outcomes"]
        task = TASKS[min(len(outcomes), len(TASKS) - 1)]
        epoch = outcomes[task]["epochs"] if task in outcomes else fitted["epoch"] if fitted else 0
        return Interrupted(config, task, int(epoch), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except (*STATE_ERRORS, LidarliveError, AttributeError, TypeError):
        return None


def _config(fingerprint: Fingerprint, out: Path) -> TrainConfig:
    """Rebuild the options from what model.training.version_files.fingerprint flattened."""
    recordings = {
        name.removeprefix(RECORDING): str(use) for name, use in fingerprint.items() if name.startswith(RECORDING)
    }
    names = {field.name for field in fields(TrainConfig)}
    options = {name: value for name, value in fingerprint.items() if name in names}
    paths = {
        "data": list(recordings),
        "held_out": [path for path, use in recordings.items() if use.endswith(HELD_OUT)],
    }
    return TrainConfig.from_json(json.dumps({**options, **paths, "out": str(out), "resumable": True, "resume": True}))


def _is_held(folder: Path) -> bool:
    try:
        with locked(folder / LOCK_NAME, 0, remove=False):
            return False
    except TimeoutError:
        return True
    except OSError:  # a folder that cannot be written to has no running training
        return False
