"""Where an interrupted training goes on: a folder beside the version that it was to become.

<weights>/.training-<version>/
    state.npz       arrays, and the facts about them as JSON; replaced whole after each epoch, never unpickled
    lock            held by the trainer that works here
    version/        what becomes the version at the end
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from capture.errors import LidarliveError

PREFIX, STATE_NAME, LOCK_NAME = ".training-", "state.npz", "lock"
FACTS = "facts"
RECORDING, HELD_OUT = "recording ", "held out"  # how what is told says which recordings, and what each is for
STATE_ERRORS = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)  # of a state that is damaged

Arrays = list[NDArray[Any]]
Model = Any


@dataclass(frozen=True, eq=False)
class State:
    """A training between two epochs: facts that JSON can say, and lists of arrays by what they are."""

    facts: dict[str, Any]
    arrays: dict[str, Arrays]

    def write(self, path: Path) -> None:
        """A reader finds the state before or this one, never a part. Raises OSError."""
        named: dict[str, Any] = {FACTS: np.array(json.dumps(self.facts))}
        for name, arrays in self.arrays.items():
            named |= {f"{name}/{i}": array for i, array in enumerate(arrays)}
        temporary = path.with_name(path.name + ".new")
        try:
            with open(temporary, "wb") as file:
                np.savez(file, **named)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)  # where the disk is full it would keep it so
            raise

    @classmethod
    def read(cls, path: Path) -> State:
        """Raises LidarliveError where there is none or it is damaged."""
        arrays: dict[str, Arrays] = {}
        try:
            with np.load(path, allow_pickle=False) as file:
                facts = json.loads(str(file[FACTS]))
                for name in file.files:
                    if name != FACTS:  # they come in the order written
                        arrays.setdefault(name.rpartition("/")[0], []).append(file[name])
        except FileNotFoundError:
            raise LidarliveError(
                f"There is nothing to resume: no training that was to become {out_of(path.parent)} was interrupted "
                "after a finished epoch. Leave out --resume"
            ) from None
        except STATE_ERRORS as error:
            raise LidarliveError(f"{path} is damaged ({error}). Delete {path.parent} and train anew") from None
        return cls(facts, arrays)


class Checkpoint:
    """How far a training of several tasks has come: `outcomes` by task, and the state inside the task under way.

    path  of the state on the disk; None keeps nothing there
    told  what the training was told, as JSON has it: one that is resumed must be told the same

    Raises LidarliveError where `resume` finds nothing to go on from, or a training that was told something else.
    """

    def __init__(self, path: Path | None, told: dict[str, Any], resume: bool) -> None:
        self._path, self._told = path, told
        self._networks: dict[str, Arrays] = {}  # their weights when the task under way began
        self._fitted: State | None = None
        self.outcomes: dict[str, dict[str, Any]] = {}
        if path is not None and resume:
            saved = State.read(path)
            _check_told(saved.facts["told"], told, path.parent)
            self.outcomes, fitted = saved.facts["outcomes"], saved.facts["fitted"]
            self._networks = _under("networks/", saved.arrays)
            self._fitted = None if fitted is None else State(fitted, _under("fitted/", saved.arrays))

    def restore(self, networks: Sequence[Model]) -> None:
        """Give the networks the weights that they had when the finished tasks were."""
        for i, network in enumerate(networks):
            network.set_weights(self._networks[str(i)])

    def begin(self, networks: Sequence[Model]) -> State | None:
        """A task begins, with the networks as they are: the state to go on from where it was under way before."""
        self._networks = {str(i): network.get_weights() for i, network in enumerate(networks)}
        return self._fitted

    def keep(self, fitted: State | None) -> None:
        """Write where the task under way stands; None: it has not begun. Raises OSError."""
        self._fitted = fitted
        if self._path is None:
            return
        facts = {"told": self._told, "outcomes": self.outcomes, "fitted": None if fitted is None else fitted.facts}
        arrays = {f"networks/{name}": weights for name, weights in self._networks.items()}
        if fitted is not None:
            arrays |= {f"fitted/{name}": values for name, values in fitted.arrays.items()}
        State(facts, arrays).write(self._path)

    def finish(self, task: str, outcome: dict[str, Any], networks: Sequence[Model]) -> None:
        """A task is done; the networks are what it left. Raises OSError."""
        self.outcomes[task] = outcome
        self.begin(networks)
        self.keep(None)


@contextlib.contextmanager
def working_folder(out: Path, resume: bool) -> Iterator[Path]:
    """The folder of the training that is to become `out`, held by nobody else. It stays where a state is left in it.

    Raises LidarliveError where another training holds it, or without `resume` where one was interrupted there.
    """
    folder = folder_of(out)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LidarliveError(f"{out} is being trained already") from None
    try:
        if (folder / STATE_NAME).exists() and not resume:
            raise LidarliveError(
                f"A training that was to become {out} was interrupted. Go on with it by --resume, or delete {folder}"
            )
        shutil.rmtree(folder / "version", ignore_errors=True)
        yield folder
        (folder / STATE_NAME).unlink(missing_ok=True)
    finally:
        lock.release()
        if not (folder / STATE_NAME).exists():
            shutil.rmtree(folder, ignore_errors=True)


def folder_of(out: Path) -> Path:
    """Where the training that is to become `out` works."""
    return out.parent / (PREFIX + out.name)


def is_interrupted(out: Path) -> bool:
    """Whether a training that was to become `out` can go on."""
    return (folder_of(out) / STATE_NAME).is_file()


def newest_interrupted(weights: Path) -> Path:
    """What the newest of the interrupted trainings in the folder `weights` was to become.

    Raises LidarliveError where there is none.
    """
    states = sorted(weights.glob(f"{PREFIX}*/{STATE_NAME}"), key=lambda path: path.stat().st_mtime_ns)
    if not states:
        raise LidarliveError(
            f"There is nothing to resume: no training in {weights} was interrupted. Leave out --resume"
        )
    return out_of(states[-1].parent)


def out_of(folder: Path) -> Path:
    """What the training that works in `folder` is to become."""
    return folder.parent / folder.name.removeprefix(PREFIX)


def _check_told(before: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if changed:
        said = "; ".join(f"{name}: {before.get(name)!r} before, {now.get(name)!r} now" for name in changed)
        raise LidarliveError(
            "The training that was interrupted was told something else. Say the same again, or leave out --resume, "
            f"or delete {folder}. {said}"
        )


def _under(prefix: str, arrays: dict[str, Arrays]) -> dict[str, Arrays]:
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
