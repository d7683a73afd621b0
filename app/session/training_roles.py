"""What a person wants of each recording at the next retraining, kept beside them: train on it, or judge by it.

<recordings>/roles.json     {folder name: "train" | "held out"}; what is not there is up to the Retrain dialog
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
    """By folder name; what makes no sense is left out, as it only costs a person a tick."""
    try:
        document = json.loads(read_file(dataset / ROLES_NAME, MAX_BYTES))
    except ValueError:  # there is none, or it is no JSON
        return {}
    known = document.items() if isinstance(document, dict) else ()
    return {str(name): role for name, role in known if role in (TRAIN, HELD_OUT)}


def write_role(recording: Path, role: str) -> None:
    """`role` empty: none. Raises LidarliveError where it cannot be kept."""
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
    """The recording is called `to` from now on, or is gone. Raises LidarliveError where that cannot be kept."""
    role = read_roles(recording.parent).get(recording.name, "")
    if role and recording != to:
        write_role(recording, "")
        if to is not None:
            write_role(to, role)
