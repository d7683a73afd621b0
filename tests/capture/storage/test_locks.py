"""A lock is never held by two processes, although its file is removed at each release."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import pytest

from capture.storage import locks
from capture.storage.locks import Lock, locked
from tests.support.programs import run_together

ROUNDS, PROCESSES = 400, 4
# Each round it makes a file that must not exist yet: two holders at once would meet there.
HOLDER = """
import os, sys
from pathlib import Path
from capture.storage.locks import locked
folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
for _ in range(rounds):
    with locked(folder / ".lock", 60):
        os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL))
        os.unlink(folder / "inside")
print("done")
"""


def test_of_many_processes_one_holds_it(tmp_path: Path) -> None:
    ends = run_together(HOLDER, [(tmp_path, ROUNDS)] * PROCESSES)
    assert ends == [("done\n", "")] * PROCESSES
    assert list(tmp_path.iterdir()) == [], "nothing is left"


def test_who_waited_for_a_removed_file_does_not_hold_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiter has opened the file; the holder removes it; somebody else locks a new one; the waiter locks its own."""
    path, lock_file = tmp_path / ".lock", locks._lock
    has_opened, may_lock = threading.Event(), threading.Event()

    def lock_late(descriptor: int) -> None:
        if threading.current_thread() is waits and not may_lock.is_set():
            has_opened.set()
            assert may_lock.wait(30)
        lock_file(descriptor)

    monkeypatch.setattr(locks, "_lock", lock_late)
    first, waiter, third = (Lock(path) for _ in range(3))
    waits = threading.Thread(target=waiter.acquire, args=(60,))
    first.acquire(0)
    waits.start()
    assert has_opened.wait(30)
    first.release()
    third.acquire(0)
    may_lock.set()
    waits.join(0.2)
    assert waits.is_alive(), "the third holds it"
    third.release()
    waits.join(30)
    with pytest.raises(TimeoutError):
        first.acquire(0)
    waiter.release()


@pytest.mark.skipif(sys.platform == "win32", reason="there an open file cannot be removed")
def test_the_file_is_removed_while_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed afterwards it would be that of another one who has locked it in between."""
    path, unlink, removed = tmp_path / ".lock", Path.unlink, list[Path]()

    def checked(self: Path, missing_ok: bool = False) -> None:
        with pytest.raises(TimeoutError):
            Lock(path).acquire(0)
        removed.append(self)
        unlink(self, missing_ok)

    with monkeypatch.context() as watched:
        watched.setattr(Path, "unlink", checked)
        with locked(path, 0):
            pass
    assert removed == [path]


def test_a_file_removed_by_force_is_locked_anew(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", 0):
        (tmp_path / "lock").unlink()
        with locked(tmp_path / "lock", 0):
            assert (tmp_path / "lock").exists()


def test_it_can_be_left(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", 0, remove=False):
        pass
    assert (tmp_path / "lock").exists()
    with locked(tmp_path / "lock", 0):
        pass
    assert not (tmp_path / "lock").exists()


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "nowhere" / "lock").acquire(0)


@pytest.mark.skipif(sys.platform == "win32", reason="it has locks on every disk")
def test_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path / "lock", 0), pytest.raises(TimeoutError):
        Lock(tmp_path / "lock").acquire(0)
    with locked(tmp_path / "lock", 0):
        pass
