"""Names and notes of recordings: from what the user types to folder names."""

from __future__ import annotations

import re
from pathlib import Path

MAX_NAME = 50  # characters of up to four bytes: with the time in front they fit the 255 bytes of a file name
MAX_NOTE = 500  # characters: a few sentences
_FOLDER_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_")


def recording_name(name: str) -> str:
    """Make `name` valid as a folder name on every file system."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name.strip())
    return kept[:MAX_NAME].strip("-.") or "recording"


def time_prefix(path: Path) -> str:
    """Return the start time in front of a recording's folder name, with its separator; empty if there is none."""
    match = _FOLDER_NAME.match(path.name)
    return match.group() if match else ""


def recording_note(text: str) -> str:
    """Join `text` to one line. Raises ValueError if it is longer than MAX_NOTE."""
    line = " ".join(text.split())
    if len(line) > MAX_NOTE:
        raise ValueError(f"a note must have at most {MAX_NOTE} characters. Received: {len(line)}")
    return line
