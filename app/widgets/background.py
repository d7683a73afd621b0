"""Threads beside a part of the window, for what may block on the disk or on inference."""

from __future__ import annotations

import threading
from collections.abc import Callable

PATIENCE_S = 20.0  # for a thread that is reading or predicting: a slow disk


class Background:
    """Threads that end by themselves; `shut_down` waits for them, because one may not outlive those it tells."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def start(self, name: str, do: Callable[[], None]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=do, name=name, daemon=True))
        self._threads[-1].start()

    def shut_down(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_S)
