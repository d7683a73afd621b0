"""Verify the files of a recording against the checksums in its log. Reads every file, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from capture.errors import LidarliveError
from capture.storage.layout import (
    INFO_NAME,
    LOG_NAME,
    MAX_IMAGE_BYTES,
    FrameLine,
    is_recording,
    read_file,
    read_info,
    read_log,
)
from capture.storage.repair import being_written, split_lines


@dataclass(frozen=True)
class FileDamage:
    """A damaged file, line or document. `kind` as in Finding; `frame` is None if it concerns the whole recording."""

    kind: str
    frame: int | None
    text: str

    @property
    def line(self) -> str:
        return self.text if self.frame is None else f"frame {self.frame}: {self.text}"


def damage(path: Path) -> Iterator[str]:
    """Yield a line for each damage of the recording at `path`, or of what a crash left of it."""
    for entry in entries(path):
        if isinstance(entry, FileDamage):
            yield entry.line
        else:
            yield from (fault.line for fault in read_files(path, entry)[1])


def entries(path: Path) -> Iterator[FrameLine | FileDamage]:
    """Yield the lines of the log; instead of unreadable lines and missing documents, their damage."""
    written = being_written(path)
    if not is_recording(path):
        if not written:
            missing = f"{INFO_NAME} is missing, lost in a crash or not yet written. Try: lidarlive check --repair"
            yield FileDamage("recording", None, missing)
        return
    try:
        info, log = read_info(path), read_log(path)
    except LidarliveError as error:
        yield FileDamage("recording", None, str(error))
        return
    if info.status == "recording" and not written:
        yield FileDamage("recording", None, "was not closed: a crash may have torn its end")
    for number, text in enumerate(split_lines(log)):
        if not text.endswith(b"\n"):
            if not written:
                yield FileDamage("recording", None, f"{LOG_NAME}: the last line is torn")
            return
        try:
            line = FrameLine.from_json(text)
            line.check_layout(info)
        except ValueError as error:
            yield FileDamage("line", None, f"{LOG_NAME}, line {number + 1}: {error}")
            continue
        yield line


def read_files(path: Path, line: FrameLine) -> tuple[dict[str, bytes], list[FileDamage]]:
    """Return the bytes of the frame's intact files, and the damage of the others."""
    files, faults = {}, []
    for kind, entry in line.files.items():
        try:
            data = read_file(path / entry.path, MAX_IMAGE_BYTES)
            if entry.matches(data):
                files[kind] = data
            else:
                faults.append(FileDamage("file", line.index, f"{entry.path} does not match its checksum"))
        except ValueError as error:
            faults.append(FileDamage("file", line.index, f"{entry.path} {error}"))
    return files, faults
