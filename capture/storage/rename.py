"""Rename a finished recording: its document and its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from capture.errors import LidarliveError
from capture.storage.durable import replace_file
from capture.storage.layout import INFO_NAME, LOCK_NAME, read_info
from capture.storage.locks import locked
from capture.storage.names import recording_name, time_prefix
from capture.storage.repair import LOOK_S


def rename(path: Path, name: str) -> Path:
    """Rename the recording to `name`. Returns its new folder, whose name keeps the start time in front.

    Raises LidarliveError if it is being written, the name is empty, or the disk rejects the change.
    """
    if not name.strip():
        raise LidarliveError("A recording must have a name. Received: an empty one")
    to = _unused(path, time_prefix(path) + recording_name(name))
    try:
        with locked(path / LOCK_NAME, LOOK_S):
            info = read_info(path)
            replace_file(path / INFO_NAME, replace(info, name=recording_name(name)).to_json())
        return path.rename(to)  # unlocked: Windows renames no folder with an open file
    except TimeoutError:
        raise LidarliveError(f"{path.name} is being recorded: stop it before you rename it") from None
    except OSError as error:
        raise LidarliveError(f"{path} cannot be renamed ({error.strerror})") from None


def _unused(path: Path, wanted: str) -> Path:
    """Return a folder of that name or, if another recording has it, with a number appended."""
    number, to = 1, path.with_name(wanted)
    while to != path and to.exists():
        number += 1
        to = path.with_name(f"{wanted}-{number}")
    return to
