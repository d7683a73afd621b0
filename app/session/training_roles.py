"""The role of each recording in the next training, as a person has marked it: train on it, or hold it out.

<recordings>/roles.json     {folder name: "train" | "held out"}; the Retrain dialog decides on all others
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from capture.errors import LidarliveError
from capture.storage.durable import remove_leftovers, replace_file
from capture.storage.layout import read_file
from capture.storage.locks import locked

ROLES_NAME = "roles.json"
TRAIN, HELD_OUT = "train", "held out"
MAX_BYTES = 1 << 20  # thousands of recordings
LOCK_S = 10.0  # another window replaces the file, on a slow disk


def read_roles(dataset: Path) -> dict[str, str]:
    """Return the roles by folder name, without invalid ones: they only cost a person a tick."""
    try:
        document = json.loads(read_file(dataset / ROLES_NAME, MAX_BYTES))
    except ValueError:  # no such file, or no JSON
        return {}
    entries = document.items() if isinstance(document, dict) else ()
    return {str(name): role for name, role in entries if role in (TRAIN, HELD_OUT)}


def write_role(recording: Path, role: str) -> None:
    """Mark a recording; an empty `role` removes the mark. Raises LidarliveError if that cannot be saved."""
    with _changing(recording.parent) as roles:
        roles.pop(recording.name, None)
        if role:
            roles[recording.name] = role


def move_role(recording: Path, to: Path | None) -> None:
    """Move the mark of a renamed recording, or drop that of a deleted one (`to` is None).

    Raises LidarliveError if that cannot be saved.
    """
    if recording == to or recording.name not in read_roles(recording.parent):
        return
    with _changing(recording.parent) as roles:
        role = roles.pop(recording.name, "")
        if role and to is not None:
            roles[to.name] = role


@contextmanager
def _changing(dataset: Path) -> Iterator[dict[str, str]]:
    """Yield the roles to change, then save them. Another window waits meanwhile, so that it sees the change."""
    path = dataset / ROLES_NAME
    try:
        with locked(path.with_name(f".{ROLES_NAME}.lock"), LOCK_S):
            roles = read_roles(dataset)
            yield roles
            replace_file(path, json.dumps(roles, indent=2).encode() + b"\n")
            remove_leftovers(path)
    except TimeoutError:
        raise LidarliveError(f"{path} is being changed by another program. Try again") from None
    except OSError as error:
        raise LidarliveError(f"{path} cannot be written ({error.strerror})") from None
