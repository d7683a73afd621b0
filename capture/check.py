"""Verify a recording against its own checksums. Reads every file, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from capture.frame import CaptureError
from capture.layout import INFO_NAME, LOG_NAME, MAX_IMAGE_BYTES, FrameLine, is_recording, read_file, read_info, read_log
from capture.repair import being_written, lines_of


def damage(path: Path) -> Iterator[str]:
    """One line for each thing that is wrong with the recording at `path`, or with what is left of it."""
    written = being_written(path)
    if not is_recording(path):
        if not written:
            yield f"{INFO_NAME} is missing: a crash took it, or came before it. Try: lidarlive check --repair"
        return
    try:
        info, log = read_info(path), read_log(path)
    except CaptureError as error:
        yield str(error)
        return
    if info.status == "recording" and not written:
        yield "was not closed: a crash may have torn its end"
    for number, text in enumerate(lines_of(log)):
        if not text.endswith(b"\n"):
            if not written:
                yield f"{LOG_NAME}: the last line is torn"
            return
        try:
            line = FrameLine.from_json(text)
            line.check_layout(info)
        except ValueError as error:
            yield f"{LOG_NAME}, line {number + 1}: {error}"
            continue
        for entry in line.files.values():
            try:
                if not entry.matches(read_file(path / entry.path, MAX_IMAGE_BYTES)):
                    yield f"frame {line.index}: {entry.path} does not match its checksum"
            except ValueError as error:
                yield f"frame {line.index}: {entry.path} {error}"
