"""All import and export formats. A new format is one file and one line in READERS or WRITERS.

Help texts, error messages, file filters and the table in docs/formats.md are derived from these two tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from capture.errors import LidarliveError
from capture.formats import (
    folders_reader,
    folders_writer,
    nerfstudio_writer,
    ply_writer,
    r3d_reader,
    r3d_writer,
    stray_reader,
    tum_reader,
    tum_writer,
)
from capture.formats.base import ExportFormat, ImportFormat
from capture.formats.folders_reader import has_pictures_and_depth

# The first format that matches a path reads it, those with its suffix before the others. Folders of images match every
# folder, so they are the last.
READERS: tuple[ImportFormat, ...] = (
    r3d_reader.FORMAT,
    stray_reader.FORMAT,
    tum_reader.FORMAT,
    folders_reader.FORMAT,
)
WRITERS: tuple[ExportFormat, ...] = (
    r3d_writer.FORMAT,
    tum_writer.FORMAT,
    nerfstudio_writer.FORMAT,
    folders_writer.FORMAT,
    ply_writer.FORMAT,
)


def find_reader(path: Path) -> ImportFormat:
    """Return the import format of the file or folder at `path`.

    Raises LidarliveError if there is none, OSError if the path cannot be read.
    """
    suffix = path.suffix.lower()
    for reader in sorted(READERS, key=lambda reader: suffix not in reader.suffixes):  # files by suffix, then by content
        if reader.matches(path):
            return reader
    raise LidarliveError(f"{path} has no known import format. Known formats: {import_titles()}")


def is_data_set(path: Path) -> bool:
    """Whether a format recognises a file or folder by what is in it; folders of images by their sub-folders."""
    return has_pictures_and_depth(path) or any(
        reader.matches(path) for reader in READERS if reader is not folders_reader.FORMAT
    )


def find_writer(name: str) -> ExportFormat:
    """Return the export format called `name`. Raises LidarliveError if there is none."""
    for writer in WRITERS:
        if writer.name == name:
            return writer
    raise LidarliveError(f"--format must be {export_names()}. Received: {name!r:.80}")


def import_titles() -> str:
    """Import formats for help and messages: `Record3D files (.r3d), Stray Scanner scans, ... or ...`."""
    return _join(
        f"{reader.title} ({', '.join(reader.suffixes)})" if reader.suffixes else reader.title for reader in READERS
    )


def export_names(include: Callable[[ExportFormat], bool] = lambda _: True) -> str:
    """Export formats for help and messages: `r3d, tum, nerfstudio, folders or ply`."""
    return _join(writer.name for writer in WRITERS if include(writer))


def formats_table() -> str:
    """Return the Markdown table of docs/formats.md: per format what an import reads and an export writes and drops."""
    readers = {reader.name: reader for reader in READERS}
    writers = {writer.name: writer for writer in WRITERS}
    rows = ["| format | `import` reads | `export` writes | an export does not hold |", "|---|---|---|---|"]
    for name in dict.fromkeys([*readers, *writers]):
        reader, writer = readers.get(name), writers.get(name)
        cells = (reader.reads if reader else "–", writer.writes if writer else "–", writer.drops if writer else "")
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _join(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
