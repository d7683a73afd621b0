"""Repair a recording after a crash: keep every intact frame and drop the rest."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from capture.errors import LidarliveError
from capture.frame import LIDAR_PIXELS, Camera
from capture.storage.durable import remove_leftovers, replace_file
from capture.storage.layout import (
    INFO_NAME,
    LOCK_NAME,
    LOG_NAME,
    MAX_IMAGE_BYTES,
    SCHEMA_VERSION,
    FrameLine,
    RecordingInfo,
    read_file,
    read_info,
    read_log,
)
from capture.storage.locks import Lock, locked
from capture.wording import counted

LOOK_S = 0.1  # a writer holds the lock for its lifetime, another check for less than a millisecond
REPAIR_S = 30.0  # a repair by another process reads the files of the recording's last seconds


@dataclass(frozen=True)
class Repaired:
    """Result of a repair: the recording's two documents, and what was done in one line (empty if nothing)."""

    info: RecordingInfo
    log: bytes
    done: str


def repair(path: Path) -> Repaired:
    """Keep the intact frames of a recording that was not closed, and mark it `recovered` (an import: `incomplete`).

    The frames counted in `recording.json` were on the disk when it was written. Log lines and files after these may
    have reached the disk in any order before a power cut: a line is kept if it is valid and each of its files matches
    it. Files that no line names are not deleted. A `recording.json` that is missing or torn is rebuilt from the log. If
    the folder is read-only, the result is the same, is not written back, and `done` mentions it.

    Raises LidarliveError if the log cannot be read, or no frame is intact and `recording.json` is missing too.
    """
    with _locked(path):
        log = read_log(path) if (path / LOG_NAME).exists() else b""
        try:
            info, rebuilt = read_info(path), False
        except LidarliveError:
            info, rebuilt = _rebuilt(path, log), True
        if info.status != "recording":  # repaired by another process, or closed meanwhile
            return Repaired(info, log, "")
        kept = list(_intact_lines(path, log, info))
        info = replace(info, status="incomplete" if info.imported else "recovered", frames=len(kept))
        dropped = sum(1 for _ in split_lines(log)) - len(kept)
        done = f"{path.name}: was not closed; {counted(len(kept), 'whole frame')} kept"
        done += f", {dropped} torn dropped" if dropped else ""
        done += f", {INFO_NAME} rebuilt" if rebuilt else ""
        repaired = Repaired(info, b"".join(kept), done)
        try:
            _write(path, repaired, log, rebuilt)
        except OSError as error:
            done = f"{done}; not written back ({error.strerror}): the repair is repeated each time it is opened"
        return replace(repaired, done=done)


def is_intact(path: Path, line: bytes, info: RecordingInfo) -> bool:
    """Whether a line of the log is valid, fits `info`, and all its files match it byte for byte."""
    try:
        frame = FrameLine.from_json(line)
        frame.check_layout(info)
        return all(e.matches(read_file(path / e.path, MAX_IMAGE_BYTES)) for e in frame.files.values())
    except ValueError:
        return False


def being_written(path: Path) -> bool:
    """Whether a living process holds the recording's lock."""
    if not (path / LOCK_NAME).exists():
        return False
    try:
        with locked(path / LOCK_NAME, LOOK_S, remove=False):  # it marks the remains of a recording
            return False
    except TimeoutError:
        return True
    except OSError:  # the lock cannot be opened for writing: the disk is read-only, nobody records there
        return False


def split_lines(log: bytes) -> Iterator[bytes]:
    """Yield the lines of the log with their line ends; the last line may lack it."""
    start = 0
    while start < len(log):
        end = log.find(b"\n", start) + 1 or len(log)
        yield log[start:end]
        start = end


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the recording's lock, if the folder is writable."""
    lock = Lock(path / LOCK_NAME)
    try:
        lock.acquire(REPAIR_S)
    except TimeoutError:
        raise LidarliveError(f"{path}: another program is writing to it. Try again when it has finished") from None
    except OSError:  # read-only: no other process can repair it either
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _intact_lines(path: Path, log: bytes, info: RecordingInfo) -> Iterator[bytes]:
    for number, line in enumerate(split_lines(log)):
        if number < info.frames or is_intact(path, line, info):
            yield line if line.endswith(b"\n") else line + b"\n"


def _rebuilt(path: Path, log: bytes) -> RecordingInfo:
    """Rebuild `recording.json` from the first intact line of the log."""
    for line in split_lines(log):
        try:
            frame = FrameLine.from_json(line)
        except ValueError:
            continue
        width, height = frame.files["depth"].size
        began, _, name = path.name.partition("_")
        info = RecordingInfo(
            name=name or path.name,
            camera=(Camera.LIDAR if width * height == LIDAR_PIXELS else Camera.TRUEDEPTH).value,
            created_utc=frame.time_utc or began,
            source="unknown",
            rgb_size=frame.files["rgb"].size,
            depth_size=(width, height),
            has_confidence="confidence" in frame.files,
            schema_version=SCHEMA_VERSION if b'"camera_time_s"' in line else 1,
            note=f"{INFO_NAME} was lost and rebuilt from {LOG_NAME}; the camera is inferred from the depth map's size",
        )
        if is_intact(path, line, info):
            return info
    raise LidarliveError(f"{path}: no frame is intact. There is nothing to repair; the folder can be deleted")


def _write(path: Path, repaired: Repaired, old_log: bytes, rebuilt: bool) -> None:
    if repaired.log != old_log or not (path / LOG_NAME).exists():
        replace_file(path / LOG_NAME, repaired.log)
    if rebuilt and (path / INFO_NAME).exists():
        os.replace(path / INFO_NAME, path / f"{INFO_NAME}.damaged")
    replace_file(path / INFO_NAME, repaired.info.to_json())
    for name in (INFO_NAME, LOG_NAME):
        remove_leftovers(path / name)
