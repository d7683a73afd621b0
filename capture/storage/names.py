"""What recordings are called: by a person, as folders, in a note."""

from __future__ import annotations

import re
from pathlib import Path

MAX_NAME = 50  # letters, of up to four bytes each: with the time in front they fit the 255 bytes of a file name
MAX_NOTE = 500  # letters of a person's note: a few sentences
_FOLDER_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_")


def recording_name(name: str) -> str:
    """`name` fit for a folder on every file system."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in name.strip())
    return kept[:MAX_NAME].strip("-.") or "recording"


def began(path: Path) -> str:
    """When a recording began, as its folder's name says in front, with what parts it from the rest; else empty."""
    found = _FOLDER_NAME.match(path.name)
    return found.group() if found else ""


def recording_note(text: str) -> str:
    """`text` as one line. Raises ValueError where it is longer than a note may be."""
    line = " ".join(text.split())
    if len(line) > MAX_NOTE:
        raise ValueError(f"a note has at most {MAX_NOTE} letters. Received: {len(line)}")
    return line
