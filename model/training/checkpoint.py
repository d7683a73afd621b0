"""Checkpoints of a training, in a folder beside the version that it will become.

<weights>/.training-<version>/
    state.npz       arrays, and the facts about them as JSON; replaced whole after each epoch, never unpickled
    lock            held by the trainer that works here
    version/        becomes the version at the end
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.storage import json_codec
from capture.storage.locks import Lock
from model.report import Outcome

PREFIX, STATE_NAME, LOCK_NAME = ".training-", "state.npz", "lock"
FACTS = "facts"
RECORDING, HELD_OUT = "recording ", "held out"  # in a fingerprint: prefix of a recording's key, suffix of its value
STATE_ERRORS = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)  # of a state that is damaged

Arrays = list[NDArray[Any]]
Fingerprint = dict[str, object]  # everything that affects the result of a training, by name
Model = Any


@dataclass(frozen=True, eq=False)
class State:
    """A training between two epochs: facts for JSON, and lists of arrays by name."""

    facts: Mapping[str, Any]
    arrays: dict[str, Arrays]

    def write(self, path: Path) -> None:
        """Replace the file as a whole, so that a reader finds the old or the new state. Raises OSError."""
        named: dict[str, Any] = {FACTS: np.array(json.dumps(self.facts))}
        for name, arrays in self.arrays.items():
            named |= {f"{name}/{i}": array for i, array in enumerate(arrays)}
        temporary = path.with_name(path.name + ".new")
        try:
            with open(temporary, "wb") as file:
                np.savez(file, **named)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)  # on a full disk it would take up the last space
            raise

    @classmethod
    def read(cls, path: Path) -> State:
        """Raises LidarliveError where there is no state or it is damaged."""
        arrays: dict[str, Arrays] = {}
        try:
            # Opened here: NumPy leaves a file open that is no archive.
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                facts = json.loads(str(file[FACTS]))
                for name in file.files:
                    if name != FACTS:  # in the order written
                        arrays.setdefault(name.rpartition("/")[0], []).append(file[name])
        except FileNotFoundError:
            raise LidarliveError(
                f"There is nothing to resume: no training of {out_of(path.parent)} was interrupted after a finished "
                "epoch. Drop --resume"
            ) from None
        except STATE_ERRORS as error:
            raise LidarliveError(f"{path} is damaged ({error}). Delete {path.parent} and train again") from None
        return cls(facts, arrays)


class Checkpoint:
    """Progress of a training of several tasks: `outcomes` of the finished ones, and the state of the current one.

    path         of the state on disk; None writes nothing
    fingerprint  everything that affects the result; a resumed training must match it

    Raises LidarliveError where `resume` finds no state, or one with another fingerprint.
    """

    def __init__(self, path: Path | None, fingerprint: Fingerprint, resume: bool) -> None:
        self._path, self._fingerprint = path, fingerprint
        self._networks: dict[str, Arrays] = {}  # their weights when the current task began
        self._fitted: State | None = None
        self.outcomes: dict[str, Outcome] = {}
        if path is not None and resume:
            saved = State.read(path)
            _check_fingerprint(saved.facts["told"], fingerprint, path.parent)
            self.outcomes = {
                task: json_codec.from_document(Outcome, facts) for task, facts in saved.facts["outcomes"].items()
            }
            fitted = saved.facts["fitted"]
            self._networks = _under("networks/", saved.arrays)
            self._fitted = None if fitted is None else State(fitted, _under("fitted/", saved.arrays))

    def restore(self, networks: Sequence[Model]) -> None:
        """Set the weights of the networks to those after the finished tasks."""
        for i, network in enumerate(networks):
            network.set_weights(self._networks[str(i)])

    def begin(self, networks: Sequence[Model]) -> State | None:
        """Begin a task with the networks as they are; returns its state to resume from, if it was interrupted."""
        self._networks = {str(i): network.get_weights() for i, network in enumerate(networks)}
        return self._fitted

    def keep(self, fitted: State | None) -> None:
        """Write the state of the current task; None: it has not begun. Raises OSError."""
        self._fitted = fitted
        if self._path is None:
            return
        facts = {
            "told": self._fingerprint,  # this key, as earlier versions wrote it
            "outcomes": {task: asdict(outcome) for task, outcome in self.outcomes.items()},
            "fitted": None if fitted is None else fitted.facts,
        }
        arrays = {f"networks/{name}": weights for name, weights in self._networks.items()}
        if fitted is not None:
            arrays |= {f"fitted/{name}": values for name, values in fitted.arrays.items()}
        State(facts, arrays).write(self._path)

    def finish(self, task: str, outcome: Outcome, networks: Sequence[Model]) -> None:
        """Record a finished task and the networks after it. Raises OSError."""
        self.outcomes[task] = outcome
        self.begin(networks)
        self.keep(None)


@contextlib.contextmanager
def working_folder(out: Path, resume: bool) -> Iterator[Path]:
    """Lock the folder of the training of `out`. It is deleted at the end unless a checkpoint is left in it.

    Raises LidarliveError where another process trains `out`, or where an interrupted training of it is not resumed.
    """
    folder = folder_of(out)
    lock = _lock_of(folder)
    try:
        if (folder / STATE_NAME).exists() and not resume:
            raise LidarliveError(
                f"The training of {out} was interrupted. Continue it with --resume, or delete {folder}"
            )
        shutil.rmtree(folder / "version", ignore_errors=True)
        yield folder
        (folder / STATE_NAME).unlink(missing_ok=True)
    finally:
        if (folder / STATE_NAME).exists():
            lock.release(remove=False)
        else:
            with contextlib.suppress(OSError):  # only disk space is lost
                delete_working_folder(folder, lock)


def _lock_of(folder: Path) -> Lock:
    """Create the folder and lock it. Raises LidarliveError where another process holds it."""
    lock = Lock(folder / LOCK_NAME)
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(0)
        except (FileNotFoundError, FileExistsError):  # another process has deleted the folder in between
            if folder.is_file():
                raise
            continue
        except TimeoutError:
            out = out_of(folder)
            raise LidarliveError(f"{out} is being trained already. Wait for that, or choose another --out") from None
        return lock


def delete_working_folder(folder: Path, lock: Lock) -> None:
    """Delete everything in the folder, then release its lock and remove it. Raises OSError.

    While it is held, nobody else begins there; if somebody does afterwards, the folder is not empty and stays.
    """
    try:
        for child in folder.iterdir():
            if child.is_dir() and not child.is_symlink():
                shutil.rmtree(child)
            elif child != lock.path:
                child.unlink(missing_ok=True)
    finally:
        lock.release()
    with contextlib.suppress(OSError):
        folder.rmdir()


def folder_of(out: Path) -> Path:
    """The working folder of the training of `out`."""
    return out.parent / (PREFIX + out.name)


def is_interrupted(out: Path) -> bool:
    """Whether there is an interrupted training of `out` to resume."""
    return (folder_of(out) / STATE_NAME).is_file()


def divided_last_fifth(out: Path) -> bool | None:
    """Whether the interrupted training of `out` holds out the last fifth of its recording; None where none can be read.

    Programs before that option held out whole recordings alone.
    """
    try:
        return bool(State.read(folder_of(out) / STATE_NAME).facts["told"].get("last_fifth"))
    except (LidarliveError, *STATE_ERRORS, AttributeError, TypeError):
        return None


def newest_interrupted(weights: Path) -> Path:
    """The `out` of the newest interrupted training in the folder `weights`.

    Raises LidarliveError where there is none.
    """
    states = sorted(weights.glob(f"{PREFIX}*/{STATE_NAME}"), key=lambda path: path.stat().st_mtime_ns)
    if not states:
        raise LidarliveError(f"There is nothing to resume: no training in {weights} was interrupted. Drop --resume")
    return out_of(states[-1].parent)


def out_of(folder: Path) -> Path:
    """The `out` of the training that works in `folder`."""
    return folder.parent / folder.name.removeprefix(PREFIX)


def _check_fingerprint(before: Fingerprint, now: Fingerprint, folder: Path) -> None:
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if changed:
        differences = "; ".join(f"{name}: {_shown(before, name)} → {_shown(now, name)}" for name in changed)
        raise LidarliveError(
            f"Cannot resume: options differ from the interrupted training ({differences}). "
            f"Use the same options, drop --resume, or delete {folder}"
        )


def _shown(fingerprint: Fingerprint, name: str) -> str:
    return str(fingerprint[name]) if name in fingerprint else "none"


def _under(prefix: str, arrays: dict[str, Arrays]) -> dict[str, Arrays]:
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
