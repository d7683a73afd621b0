"""Threads, child processes, sockets and shared memory that a test leaves behind."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import psutil

GRACE_S = 10.0  # for what is ending already, on a busy computer
SHARED_MEMORY = Path("/dev/shm")  # Linux alone shows it as files
DESCRIPTORS = Path("/proc/self/fd")

# Whoever is first to need them starts these, and they stay for the rest of the run.
KEPT_THREADS = (
    "AnyIO",
    "tf_data",
    "pyqtgraph",
    "ThreadPoolExecutor-",  # of libraries: ours have names
)
KEPT_PROCESSES = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "Xvfb")

_created: set[str] = set()  # names of the shared memory that this process made


@contextmanager
def no_leaks() -> Iterator[None]:
    """Fail, naming what is left, where the block leaves something behind that has not ended after a while."""
    looks: tuple[Callable[[], set[str]], ...] = (_threads, _children, _sockets, _shared_memory)
    before = {look: look() for look in looks}
    yield
    deadline_s = time.monotonic() + GRACE_S
    while left := sorted(name for look in looks for name in look() - before[look]):
        assert time.monotonic() < deadline_s, f"left behind: {', '.join(left)}"
        gc.collect()  # a socket that nothing refers to is a warning of its own
        time.sleep(0.02)


def watch_shared_memory() -> None:
    """Note from now on which shared memory this process makes."""
    make = SharedMemory.__init__

    def noted(self: SharedMemory, name: str | None = None, create: bool = False, *words: Any, **named: Any) -> None:
        make(self, name, create, *words, **named)
        if create:
            _created.add(self.name)

    SharedMemory.__init__ = noted  # type: ignore[method-assign]


def _threads() -> set[str]:
    return {
        f"thread {thread.name} ({thread.native_id})"
        for thread in threading.enumerate()
        if not thread.name.startswith(KEPT_THREADS)
    }


def _children() -> set[str]:
    found = set()
    for child in psutil.Process().children():
        try:
            command = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not any(kept in command for kept in KEPT_PROCESSES):
                found.add(f"process {child.pid} ({command[:200]})")
        except psutil.NoSuchProcess:
            continue
    return found


def _sockets() -> set[str]:
    if not DESCRIPTORS.is_dir():
        return set()
    found = set()
    for descriptor in DESCRIPTORS.iterdir():
        try:
            target = os.readlink(descriptor)
        except OSError:  # the folder's own, closed by now
            continue
        if target.startswith("socket:"):
            found.add(f"{target} (file descriptor {descriptor.name})")
    return found


def _shared_memory() -> set[str]:
    if sys.platform != "linux":
        return set()
    return {f"shared memory {name}" for name in _created if (SHARED_MEMORY / name).exists()}
