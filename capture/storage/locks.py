"""Locks between processes: files that end with their holder, and that leave nothing behind.

The holder removes the file while it holds it, and a lock counts only if its file is still the one at the path: somebody
may wait for a file that is removed meanwhile, while somebody else locks a new one. On Windows an open file cannot be
removed, so it is removed afterwards, if nobody else has it open.

filelock 4.3 has the same check, and serves for caches. It is not used here, as it creates the folder of a lock that
is missing: a training or recording that was deleted meanwhile would come back as an empty folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import SoftFileLock

POLL_S = 0.01


class Lock:
    """A lock on the file `path`, held by one holder in one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        self._soft: SoftFileLock | None = None

    def acquire(self, timeout_s: float) -> None:
        """Lock. Raises TimeoutError if somebody else holds it for so long, OSError if it cannot be created there."""
        deadline_s = time.monotonic() + timeout_s
        while not self._try():
            if time.monotonic() >= deadline_s:
                raise TimeoutError(f"{self.path} is locked")
            time.sleep(POLL_S)

    def release(self, remove: bool = True) -> None:
        """Unlock; does nothing if it is not held. `remove`: and delete the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if self._soft is not None:
            self._soft.release()
            self._soft = None
        if descriptor < 0:
            return
        if remove and sys.platform != "win32":
            self._remove()
        os.close(descriptor)
        if remove and sys.platform == "win32":
            self._remove()

    def _try(self) -> bool:
        """Lock if nobody else holds it; return whether it is held now."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _lock(descriptor)
                if _is_at(descriptor, self.path):
                    self._descriptor = descriptor
                    return True
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno != errno.ENOSYS:
                    raise
                return self._try_softly()
            finally:
                if self._descriptor != descriptor:
                    os.close(descriptor)

    def _try_softly(self) -> bool:
        """Lock by creating a second file: some network file systems have no locks."""
        soft = SoftFileLock(self.path.with_name(self.path.name + ".soft"), thread_local=False)
        try:
            soft.acquire(timeout=0)
        except TimeoutError:
            return False
        self._soft = soft
        return True

    def _remove(self) -> None:
        with contextlib.suppress(OSError):  # a leftover lock file that nobody holds is harmless
            self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path, timeout_s: float, remove: bool = True) -> Iterator[None]:
    """Hold the lock `path`. Raises as `Lock.acquire` does."""
    lock = Lock(path)
    lock.acquire(timeout_s)
    try:
        yield
    finally:
        lock.release(remove)


def _lock(descriptor: int) -> None:
    """Lock an open file. Raises BlockingIOError if somebody else holds it."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            raise BlockingIOError(errno.EAGAIN, "locked") from None
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
