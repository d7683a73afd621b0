"""Write a recording to disk: for each frame its files first, then a line in the commit log."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from capture.errors import LidarliveError
from capture.frame_filter import FrameFilter
from capture.storage.durable import make_durable, replace_file
from capture.storage.encoding import EncodedFrame
from capture.storage.layout import INFO_NAME, LOCK_NAME, LOG_NAME, FileEntry, FrameLine, RecordingInfo, checksum
from capture.storage.locks import Lock
from capture.storage.names import recording_name
from capture.storage.software import software_versions
from capture.wording import counted, verb

PACKAGES = "lidarlive", "record3d", "opencv-python", "numpy"  # whose versions recording.json names
SYNC_INTERVAL_S = 1.0  # the part of a recording that a power cut may cost
LOCK_S = 10.0  # of a folder that was just created: only a program that lists recordings may look at it
# Kept free on the disk, checked before each frame: a completely full disk makes the system and other programs fail.
# Closing takes some kilobytes of it; the rest leaves other programs that are writing about a second.
RESERVE_BYTES = 64 << 20


class RecordingWriter:
    """Writer of one recording below `dataset`; a context manager with `append`.

    Files are written before the line: whenever the process dies, the log names intact frames only, plus at most one
    torn line at its end. Once a second, and at the end, everything is flushed to the disk, and `recording.json` then
    counts the frames, so that after a power cut only later ones have to be checked (capture.storage.repair). The first
    frame creates the folder, which is named by its time. Not thread-safe.

    Raises LidarliveError if the folder cannot be written to, or less than RESERVE_BYTES are free; the frames written
    before are intact.
    """

    def __init__(
        self,
        dataset: Path,
        name: str,
        *,
        source: str,
        driver: str = "",
        note: str = "",
        imported: bool = False,
        chosen: FrameFilter | None = None,
        depth_scale: float | None = None,
    ) -> None:
        self.path: Path | None = None
        self.written = 0
        self.free_bytes: int | None = None  # on the disk, before the frame written last; None: none was
        self.lost: Counter[str] = Counter()
        self.possibly_lost_before_usb = 0
        self.layout: tuple[object, ...] | None = None
        self._dataset, self._name = Path(dataset), recording_name(name)
        self._source, self._driver, self._note, self._chosen = source, driver, note, chosen
        self._imported, self._depth_scale = imported, depth_scale
        self._log = -1
        self._lock: Lock | None = None
        self._not_durable: list[Path] = []
        self._synced_s = 0.0

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            with contextlib.suppress(LidarliveError):  # the original error is more informative
                self.close("incomplete")

    def append(self, frame: EncodedFrame) -> None:
        """Write and commit a frame. Raises LidarliveError; ValueError if its layout differs from the first frame's."""
        path = self.path or self._open(frame)
        if frame.layout != self.layout:
            raise ValueError(f"the frames of a recording must have one layout, {self.layout}. Received: {frame.layout}")
        try:
            self._require_space(path, f"ended, its {self._written_are()} whole")
            self._commit(self._write_files(frame))
        except OSError as error:
            self._undo()
            advice = f"The {self._written_are(' before it')} whole; free some space or choose another folder"
            raise self._failure(f"cannot write frame {self.written}", error, advice) from error
        if time.monotonic() - self._synced_s > SYNC_INTERVAL_S:
            self._sync()

    def close(self, status: str = "closed") -> None:
        """Flush everything to the disk and set the final status. Closing twice does nothing."""
        if self._log >= 0:
            self._sync(status)
            self._release()

    def _open(self, frame: EncodedFrame) -> Path:
        # The first frame's own time, so that names sort as recorded even if the clock is set meanwhile.
        began = datetime.fromisoformat(frame.time_utc) if frame.time_utc else datetime.now(UTC)
        self.layout = frame.layout
        if self._dataset.exists() and not self._dataset.is_dir():
            raise LidarliveError(f"{self._dataset}: cannot begin a recording here (it is a file). Name a folder")
        try:
            self._dataset.mkdir(parents=True, exist_ok=True)
            self._require_space(self._dataset, "cannot begin a recording here")
            self.path = _new_folder(self._dataset, f"{began:%Y-%m-%dT%H-%M-%SZ}_{self._name}")
            self._lock = Lock(self.path / LOCK_NAME)
            self._lock.acquire(LOCK_S)
            for kind in ("rgb", "depth", *(["confidence"] if frame.confidence_png is not None else [])):
                (self.path / kind).mkdir()
            self._info = RecordingInfo(
                name=self._name,
                camera=frame.camera.value,
                created_utc=began.isoformat(timespec="milliseconds"),
                rgb_size=frame.rgb_size,
                depth_size=frame.depth_size,
                has_confidence=frame.confidence_png is not None,
                software=software_versions(*PACKAGES),
                source=self._source,
                driver=self._driver,
                note=self._note,
                imported=self._imported,
                chosen=self._chosen,
                depth_scale=self._depth_scale,
            )
            self._log = os.open(
                self.path / LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            )
        except OSError as error:
            self._release()
            raise LidarliveError(
                f"{self._dataset}: cannot begin a recording here ({error.strerror}). Choose another folder"
            ) from error
        self._not_durable = [self._dataset, self.path]
        self._sync()
        return self.path

    def _require_space(self, folder: Path, otherwise: str) -> None:
        free = shutil.disk_usage(folder).free
        self.free_bytes = max(0, free - RESERVE_BYTES)
        if free < RESERVE_BYTES:
            raise LidarliveError(
                f"{folder}: {otherwise}: only {free >> 20} MB are free on this disk and {RESERVE_BYTES >> 20} MB must "
                "stay free. Free some space or choose another folder"
            )

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
            self.written,
            frame.index,
            frame.received_ns,
            frame.time_utc,
            frame.intrinsics,
            frame.pose,
            files,
            frame.camera_time_s,
            frame.phone_time_unix_s,
        )

    def _commit(self, line: FrameLine) -> None:
        assert self.path is not None
        data = line.to_json()
        if os.write(self._log, data) != len(data):  # a disk that becomes full writes a part without an error
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written += 1
        self._not_durable += [self.path / entry.path for entry in line.files.values()]

    def _sync(self, status: str = "recording") -> None:
        """Flush files, then the log, then `recording.json` with the number of frames that are safe.

        If the disk fails, nothing more is written: opening the recording then checks every file since the last sync.
        """
        assert self.path is not None
        try:
            make_durable(self._log, self._not_durable)
            self._not_durable.clear()
            replace_file(self.path / INFO_NAME, self._info_now(status).to_json())
        except OSError as error:
            self._release()
            advice = f"Opening it keeps what is whole of its {counted(self.written, 'frame')}; free some space first"
            raise self._failure("cannot be put on the disk", error, advice) from error
        self._synced_s = time.monotonic()

    def _info_now(self, status: str) -> RecordingInfo:
        return replace(
            self._info,
            status=status,
            frames=self.written,
            lost=dict(self.lost),
            possibly_lost_before_usb=self.possibly_lost_before_usb,
        )

    def _release(self) -> None:
        if self._log >= 0:
            os.close(self._log)
            self._log = -1
        if self._lock is not None:
            self._lock.release()

    def _failure(self, what: str, error: OSError, advice: str) -> LidarliveError:
        if error.errno == errno.ENOENT:
            written = counted(self.written, "frame")
            what, advice = f"was moved or removed while it was recorded, after {written}", "Record again"
        return LidarliveError(f"{self.path}: {what} ({error.strerror}). {advice}")

    def _written_are(self, which: str = "") -> str:
        return f"{counted(self.written, 'frame')}{which} {verb(self.written, 'is', 'are')}"

    def _undo(self) -> None:
        """Remove what a failed append left: the frame's files and a part of its line."""
        assert self.path is not None
        with contextlib.suppress(OSError):  # the folder may be gone or read-only; opening repairs what stays
            for file in self.path.glob(f"*/{self.written:06d}.*"):
                file.unlink(missing_ok=True)
            os.ftruncate(self._log, (self.path / LOG_NAME).read_bytes().rfind(b"\n") + 1)


def _new_folder(dataset: Path, name: str) -> Path:
    number = 1
    while True:
        path = dataset / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            number += 1
