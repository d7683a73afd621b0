"""Durable writes: flush files from the system's memory to the disk, so that they survive a power cut."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SYNC_THREADS = 8  # for syncing file by file: file systems merge concurrent requests, 3 times faster than one thread
# One call for a whole file system: 45 ms for the 180 files of 60 kB of a second of recording; an fsync each: 135 ms.
_syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if sys.platform == "linux" else None


def make_durable(log: int, paths: Iterable[Path]) -> None:
    """Flush files and folders to the disk, and then the log that names them; blocks for as long as the disk takes.

    `log` is a descriptor that was opened before the files were written: the system reports earlier write errors only
    to such descriptors (syncfs(2), fsync(2)). Everything must be in one file system.

    Raises OSError if a write failed, now or earlier in the background.
    """
    if _syncfs is None:
        _sync_each(log, paths)
    elif _syncfs(log) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file atomically: a reader sees the old or the new one, never a part, even after a power cut.

    The new one has a name of its own until it is complete: two threads or programs may replace a file at once. To keep
    what both of them change, read and replace it under a lock (capture.storage.locks).
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}.new")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):  # the original error is more informative
            temporary.unlink(missing_ok=True)
        raise
    _sync_path(path.parent)


def remove_leftovers(path: Path) -> None:
    """Remove what writers of `path` have left who were killed. Nobody else may be replacing it: hold its lock."""
    for leftover in path.parent.glob(f"{glob.escape(path.name)}*.new"):
        with contextlib.suppress(OSError):  # it is only in the way of tidiness
            leftover.unlink()


def _sync_each(log: int, paths: Iterable[Path]) -> None:
    files = list(paths)
    with ThreadPoolExecutor(SYNC_THREADS) as threads:
        list(threads.map(_sync_path, files))
        list(threads.map(_sync_path, {file.parent for file in files}))
    os.fsync(log)
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(log, fcntl.F_FULLFSYNC)  # macOS: fsync(2) may leave data in the drive's cache; this flushes it


def _sync_path(path: Path) -> None:
    if path.is_dir():
        if os.name != "posix":
            return  # Windows cannot open a folder, and stores the entry with the file
        flags = os.O_RDONLY
    else:
        flags = os.O_RDWR  # Windows flushes only files that are open for writing
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
