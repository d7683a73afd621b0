"""Handing the newest item from thread to thread, and counting how often that happens."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, TypeVar

RATE_WINDOW_S = 2.0  # rates are means over this long: short enough to see a stall, long enough to read

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One slot between two threads: a new item replaces one that was not taken yet."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Replace the item in the slot."""
        with self._changed:
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """Wait for an item and remove it; None after the time-out."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None, timeout_s)
            item, self._item = self._item, None
            return item


class RateMeter:
    """Rate and mean duration of the events of the last RATE_WINDOW_S. One thread counts, any thread reads."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def count(self, seconds: float = 0.0) -> None:
        """Note an event that ends now and took `seconds`."""
        with self._lock:
            self._events.append((time.monotonic(), seconds))
            self._forget()

    def per_second(self) -> float:
        """Return the events a second; 0 with fewer than two of them."""
        with self._lock:
            self._forget()
            if len(self._events) < 2:
                return 0.0
            return (len(self._events) - 1) / (self._events[-1][0] - self._events[0][0])

    def mean_seconds(self) -> float | None:
        """Return the mean duration of an event; None if there was none lately."""
        with self._lock:
            self._forget()
            return sum(seconds for _, seconds in self._events) / len(self._events) if self._events else None

    def _forget(self) -> None:
        while self._events and self._events[0][0] < time.monotonic() - RATE_WINDOW_S:
            self._events.popleft()
