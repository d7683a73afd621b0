"""The role of each recording in the next training, as a person has marked it: train on it, or hold it out.

<recordings>/roles.json     {folder name: "train" | "held out"}; the Retrain dialog decides on all others
"""

from __future__ import annotations

import json
from pathlib import Path

from capture.errors import LidarliveError
from capture.storage.durable import replace_file
from capture.storage.layout import read_file

ROLES_NAME = "roles.json"
TRAIN, HELD_OUT = "train", "held out"
MAX_BYTES = 1 << 20  # thousands of recordings


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
    roles = read_roles(recording.parent)
    roles.pop(recording.name, None)
    if role:
        roles[recording.name] = role
    path = recording.parent / ROLES_NAME
    try:
        replace_file(path, json.dumps(roles, indent=2).encode() + b"\n")
    except OSError as error:
        raise LidarliveError(f"{path} cannot be written ({error.strerror})") from None


def move_role(recording: Path, to: Path | None) -> None:
    """Move the mark of a renamed recording, or drop that of a deleted one (`to` is None).

    Raises LidarliveError if that cannot be saved.
    """
    role = read_roles(recording.parent).get(recording.name, "")
    if role and recording != to:
        write_role(recording, "")
        if to is not None:
            write_role(to, role)
