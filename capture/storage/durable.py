"""Bytes on the disk itself, not only in the system's memory: what a power cut must not take back."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SYNC_THREADS = 8  # where each file is synced by itself: file systems join what is asked at once, 3 times faster than 1
# One call for a whole file system: 45 ms for the 180 files of 60 kB that a second of recording makes, where an fsync
# of each takes 135 ms.
_syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if sys.platform == "linux" else None


def make_durable(log: int, paths: Iterable[Path]) -> None:
    """Put files, folders and last the log that names them on the disk; blocks for as long as the disk takes.

    `log` is a descriptor that was open before the files were written: the system tells of bytes that it failed to
    write to those alone (syncfs(2), fsync(2)). Everything lies in one file system.

    Raises OSError where the disk did not take something, now or in the background before.
    """
    if _syncfs is None:
        _sync_each(log, paths)
    elif _syncfs(log) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part, also after a power cut."""
    temporary = path.with_name(path.name + ".new")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):  # the error that is on its way says more
            temporary.unlink(missing_ok=True)
        raise
    _sync_path(path.parent)


def _sync_each(log: int, paths: Iterable[Path]) -> None:
    files = list(paths)
    with ThreadPoolExecutor(SYNC_THREADS) as threads:
        list(threads.map(_sync_path, files))
        list(threads.map(_sync_path, {file.parent for file in files}))
    os.fsync(log)
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(log, fcntl.F_FULLFSYNC)  # fsync(2) there: data may stay in the drive's cache; this empties it


def _sync_path(path: Path) -> None:
    if path.is_dir():
        if os.name != "posix":
            return  # Windows cannot open a folder, and keeps the entry with the file
        flags = os.O_RDONLY
    else:
        flags = os.O_RDWR  # Windows flushes only what is open for writing
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
