"""Verify a recording against its own checksums. Reads every file, changes nothing."""

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
    """`frame` is None where it is about the recording. `kind` as in Finding."""

    kind: str
    frame: int | None
    text: str

    @property
    def line(self) -> str:
        return self.text if self.frame is None else f"frame {self.frame}: {self.text}"


def damage(path: Path) -> Iterator[str]:
    """One line for each thing that is not what was recorded, in the recording at `path` or in what is left of it."""
    for entry in entries(path):
        if isinstance(entry, FileDamage):
            yield entry.line
        else:
            yield from (fault.line for fault in read_files(path, entry)[1])


def entries(path: Path) -> Iterator[FrameLine | FileDamage]:
    """The lines of the log; in place of those that cannot be read, and of documents that are missing, what is wrong."""
    written = being_written(path)
    if not is_recording(path):
        if not written:
            missing = f"{INFO_NAME} is missing: a crash took it, or came before it. Try: lidarlive check --repair"
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
    """The bytes of the files that are what was recorded, and what is wrong with the others."""
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
