"""Verify a recording against its own checksums, and repair what a crash tore. Whole frames are never deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from capture.frame import CaptureError
from capture.layout import INFO_NAME, LOG_NAME, FrameLine, read_info
from capture.recording import being_written
from capture.writer import replace_file


def repair(path: Path) -> str:
    """Cut the torn end off the commit log and mark the recording `recovered`; returns one line that says what was done.

    Only the end can be torn, since files are written before their line: lines are dropped from the end until one is
    whole and its files match it. Files that no line names stay where they are.

    Raises CaptureError where the folder cannot be written to.
    """
    log_path = path / LOG_NAME
    try:
        log = log_path.read_bytes() if log_path.exists() else b""
        kept = log[: log.rfind(b"\n") + 1]
        torn_bytes, dropped = len(log) - len(kept), 0
        while kept and not _whole(path, kept[kept[:-1].rfind(b"\n") + 1 :]):
            kept = kept[: kept[:-1].rfind(b"\n") + 1]
            dropped += 1
        if len(kept) != len(log) or not log_path.exists():
            with open(log_path, "r+b" if log_path.exists() else "wb") as file:
                file.truncate(len(kept))
        frames = kept.count(b"\n")
        replace_file(path / INFO_NAME, replace(read_info(path), status="recovered", frames=frames).to_json())
    except OSError as error:
        raise CaptureError(f"{path}: was torn and cannot be repaired ({error.strerror})") from error
    done = f"{path.name}: was not closed; {frames} whole frames kept"
    if torn_bytes or dropped:
        done += f", {dropped + bool(torn_bytes)} torn at the end dropped"
    return done


def damage(path: Path) -> Iterator[str]:
    """One line for each thing that is wrong with the recording at `path`; reads every file of it, changes nothing.

    Raises CaptureError where it is not a recording.
    """
    if read_info(path).status == "recording" and not being_written(path):
        yield "was not closed: a crash may have torn its end"
    try:
        log = (path / LOG_NAME).read_bytes()
    except OSError as error:
        yield f"{LOG_NAME} cannot be read ({error.strerror})"
        return
    if log and not log.endswith(b"\n"):
        yield f"{LOG_NAME}: the last line is torn"
    for number, text in enumerate(log.split(b"\n")[:-1]):
        try:
            line = FrameLine.from_json(text)
        except ValueError as error:
            yield f"{LOG_NAME}, line {number + 1}: {error}"
            continue
        for entry in line.files.values():
            try:
                if not entry.matches((path / entry.path).read_bytes()):
                    yield f"frame {line.index}: {entry.path} does not match its checksum"
            except OSError as error:
                yield f"frame {line.index}: {entry.path} cannot be read ({error.strerror})"


def _whole(path: Path, line: bytes) -> bool:
    """Whether a line of the log can be understood and each of its files is there, to the byte."""
    try:
        entries = FrameLine.from_json(line).files.values()
        return all(entry.matches((path / entry.path).read_bytes()) for entry in entries)
    except (ValueError, OSError):
        return False
