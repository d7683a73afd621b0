"""Another name for a recording that is finished: in its document, and of its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from capture.errors import LidarliveError
from capture.storage.durable import replace_file
from capture.storage.layout import INFO_NAME, read_info
from capture.storage.names import began, recording_name
from capture.storage.repair import being_written


def rename(path: Path, name: str) -> Path:
    """Call the recording `name`; returns its folder from now on. When it began stays in front of the folder's name.

    Raises LidarliveError where it is being written, the name is empty, or the disk does not take it.
    """
    if not name.strip():
        raise LidarliveError("A recording needs a name. Received: nothing")
    if being_written(path):
        raise LidarliveError(f"{path.name} is being recorded: stop it before you rename it")
    info = read_info(path)
    to = _free(path, began(path) + recording_name(name))
    try:
        replace_file(path / INFO_NAME, replace(info, name=recording_name(name)).to_json())
        return path.rename(to)
    except OSError as error:
        raise LidarliveError(f"{path} cannot be renamed ({error.strerror})") from None


def _free(path: Path, wanted: str) -> Path:
    """A folder of that name or, where another recording has it, with a number behind."""
    number, to = 1, path.with_name(wanted)
    while to != path and to.exists():
        number += 1
        to = path.with_name(f"{wanted}-{number}")
    return to
