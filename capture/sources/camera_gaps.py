"""Frames that the phone captured and did not send: the camera's clock shows the places that they left."""

from __future__ import annotations

from collections import deque
from statistics import median

WINDOW = 31  # intervals whose median is the usual one: half a second at 60 fps
MIN_INTERVALS = 10  # fewer do not give a usual interval
NEW_RATE = 10  # longer intervals in a row are another frame rate, and no losses


class CameraGaps:
    """Counter of missing frames, from intervals of the camera's clock. It has no jitter, so that a gap is certain.

    An interval of several usual ones is a loss once a usual one follows: only then has the rate not changed.
    """

    def __init__(self) -> None:
        self._usual: deque[float] = deque(maxlen=WINDOW)
        self._first: list[tuple[int, int]] = []  # intervals until there are enough for a usual one
        self._pending: list[int] = []  # frames missing in each of the latest intervals, all longer than usual

    def restart(self) -> None:
        """Note that the stream restarts, perhaps at another rate."""
        for intervals in (self._usual, self._first, self._pending):
            intervals.clear()

    def add(self, elapsed_ns: int, frames: int) -> int:
        """Note that so many frames later, known losses included, so much time had elapsed on the camera's clock.

        Returns how many more frames are now certain to be missing.
        """
        if len(self._usual) >= MIN_INTERVALS:
            return self._compare(elapsed_ns, frames)
        self._first.append((elapsed_ns, frames))
        if len(self._first) < MIN_INTERVALS:
            return 0
        first, self._first = self._first, []
        self._usual.extend([median(ns / count for ns, count in first)] * MIN_INTERVALS)
        return sum(self._compare(*interval) for interval in first)

    def _compare(self, elapsed_ns: int, frames: int) -> int:
        missing = round(elapsed_ns / median(self._usual)) - frames
        if missing > 0:
            self._pending.append(missing)
            if len(self._pending) >= NEW_RATE:
                self.restart()
            return 0
        self._usual.append(elapsed_ns / frames)
        certain, self._pending = sum(self._pending), []
        return certain
