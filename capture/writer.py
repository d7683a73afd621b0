"""One recording to disk: files first, then a line in the commit log."""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import os
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from filelock import FileLock

from capture.encoding import EncodedFrame
from capture.frame import CaptureError
from capture.layout import (
    INFO_NAME,
    LOCK_NAME,
    LOG_NAME,
    FileEntry,
    FrameLine,
    RecordingInfo,
    checksum,
    recording_name,
)

SYNC_INTERVAL_S = 1.0  # how much of a recording a power cut may cost


class RecordingWriter:
    """Writes one recording below `dataset`; a context manager with `append`.

    Files first, then the line: whatever moment the process dies at, the log names whole frames only, plus at most one
    torn line at its end. The folder is made by the first frame. Not thread-safe.

    Raises CaptureError where the folder cannot be written to or the disk is full; the frames written before are whole.
    """

    def __init__(
        self, dataset: Path, name: str, *, source: str, note: str = "", device_name: str = "", serial: str = ""
    ) -> None:
        self.path: Path | None = None
        self.written = 0
        self.lost: Counter[str] = Counter()
        self.layout: tuple[object, ...] | None = None
        self._dataset, self._name = Path(dataset), recording_name(name)
        self._source, self._note, self._device_name, self._serial = source, note, device_name, serial
        self._log = -1
        self._synced_s = 0.0

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            with contextlib.suppress(CaptureError):  # the error that is on its way says more
                self.close("incomplete")

    def append(self, frame: EncodedFrame) -> None:
        """Write one frame and commit it. Raises CaptureError; ValueError where its layout differs from the first's."""
        if self.path is None:
            self._open(frame)
        if frame.layout != self.layout:
            raise ValueError(f"every frame of a recording has one layout, {self.layout}. Received: {frame.layout}")
        try:
            line = self._write_files(frame)
            self._commit(line)
            if time.monotonic() - self._synced_s > SYNC_INTERVAL_S:
                self._sync()
        except OSError as error:
            self._undo()
            raise CaptureError(
                f"{self.path}: cannot write frame {self.written} ({error.strerror}). "
                f"The {self.written} frames before it are whole; free some space or choose another folder"
            ) from error

    def close(self, status: str = "closed") -> None:
        """Put everything on disk and say how the recording ended. Closing twice does nothing."""
        if self.path is None or self._log < 0:
            return
        try:
            self._sync(status)
        except OSError as error:
            raise CaptureError(f"{self.path}: cannot be closed ({error.strerror}); opening it repairs it") from error
        finally:
            os.close(self._log)
            self._log = -1
            self._lock.release()
            with contextlib.suppress(OSError):  # a leftover lock file that nobody holds means nothing
                (self.path / LOCK_NAME).unlink(missing_ok=True)

    def _open(self, frame: EncodedFrame) -> None:
        now = datetime.now(UTC)
        self.layout = frame.layout
        try:
            self.path = _new_folder(self._dataset, f"{now:%Y-%m-%dT%H-%M-%SZ}_{self._name}")
            for kind in ("rgb", "depth", *(["confidence"] if frame.confidence_png is not None else [])):
                (self.path / kind).mkdir()
            self._lock = FileLock(self.path / LOCK_NAME, thread_local=False)
            self._lock.acquire()
            self._info = RecordingInfo(
                name=self._name,
                camera=frame.camera.value,
                created_utc=now.isoformat(timespec="milliseconds"),
                rgb_size=frame.rgb_size,
                depth_size=frame.depth_size,
                has_confidence=frame.confidence_png is not None,
                software=_software(),
                source=self._source,
                note=self._note,
                device_name=self._device_name,
                serial=self._serial,
            )
            self._log = os.open(
                self.path / LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            )
            self._sync()
        except OSError as error:
            raise CaptureError(f"{self._dataset}: cannot begin a recording here ({error.strerror})") from error

    def _write_files(self, frame: EncodedFrame) -> FrameLine:
        assert self.path is not None
        files = {}
        for kind, data, size, extension in (
            ("rgb", frame.jpeg, frame.rgb_size, "jpg"),
            ("depth", frame.depth_png, frame.depth_size, "png"),
            ("confidence", frame.confidence_png, frame.depth_size, "png"),
        ):
            if data is not None:
                name = f"{kind}/{self.written:06d}.{extension}"
                (self.path / name).write_bytes(data)
                files[kind] = FileEntry(name, size, checksum(data))
        return FrameLine(
            self.written, frame.index, frame.received_ns, frame.time_utc, frame.intrinsics, frame.pose, files
        )

    def _commit(self, line: FrameLine) -> None:
        data = line.to_json().encode() + b"\n"
        if os.write(self._log, data) != len(data):  # a disk that fills takes a part and says nothing
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written += 1

    def _sync(self, status: str = "recording") -> None:
        assert self.path is not None
        os.fsync(self._log)
        info = replace(self._info, status=status, frames=self.written, lost=dict(self.lost))
        replace_file(self.path / INFO_NAME, info.to_json())
        self._synced_s = time.monotonic()

    def _undo(self) -> None:
        """Take back what a failed append left: the frame's files and a part of its line."""
        assert self.path is not None
        with contextlib.suppress(OSError):  # the folder may be gone or read-only; what stays, opening it repairs
            for file in self.path.glob(f"*/{self.written:06d}.*"):
                file.unlink(missing_ok=True)
            os.ftruncate(self._log, (self.path / LOG_NAME).read_bytes().rfind(b"\n") + 1)


def replace_file(path: Path, text: str) -> None:
    """Write a small document so that a reader sees the old one or the new one, never a part."""
    temporary = path.with_name(path.name + ".new")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _new_folder(dataset: Path, name: str) -> Path:
    dataset.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = dataset / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            number += 1


def _software() -> dict[str, str]:
    versions = {"python": sys.version.split()[0]}
    for package in ("lidarlive", "record3d", "opencv-python", "numpy"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions
