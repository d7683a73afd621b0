"""How the threads of the live view hand things on, and how often they do."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, TypeVar

RATE_WINDOW_S = 2.0  # rates are means over this long: short enough to see a stall, long enough to read

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot: `put` replaces what was not taken yet, `take` waits for something new. Never more than one item old."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        with self._changed:
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None, timeout_s)
            item, self._item = self._item, None
            return item


class RateMeter:
    """Events of the last RATE_WINDOW_S and how long each took; counted by one thread, read by any."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def count(self, seconds: float = 0.0) -> None:
        """An event now, which took `seconds`."""
        with self._lock:
            self._events.append((time.monotonic(), seconds))
            self._forget()

    def per_second(self) -> float:
        with self._lock:
            self._forget()
            if len(self._events) < 2:
                return 0.0
            return (len(self._events) - 1) / (self._events[-1][0] - self._events[0][0])

    def mean_seconds(self) -> float | None:
        """How long an event took in the mean; None where there was none lately."""
        with self._lock:
            self._forget()
            return sum(seconds for _, seconds in self._events) / len(self._events) if self._events else None

    def _forget(self) -> None:
        while self._events and self._events[0][0] < time.monotonic() - RATE_WINDOW_S:
            self._events.popleft()
