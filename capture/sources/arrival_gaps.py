"""Estimate of frames lost before USB from pauses between arrivals, their only trace where apps send no time."""

from __future__ import annotations

from collections import deque
from statistics import median

WINDOW = 31  # pairs of intervals whose median is the usual one: half a second at 60 fps, so a new rate is soon learned
MIN_INTERVALS = 10  # fewer do not give a usual interval
PAUSE = 0.5  # usual intervals by which an arrival counts as late; Record3D's own jitter is smaller


class ArrivalGaps:
    """Counter of the frames that would have filled the pauses between arrivals, `possibly_lost`.

    A frame that was only late is followed by early frames until the usual times are reached again; these are deducted
    from the count. After a missing frame the following ones arrive at their usual times.
    """

    def __init__(self) -> None:
        self.possibly_lost = 0
        self._pairs: deque[float] = deque(maxlen=WINDOW)  # means of two intervals: late and early ones often alternate
        self._before_ns = 0.0
        self._last: tuple[int, int] | None = None
        self._settle()

    def restart(self) -> None:
        """Note that the stream restarts: the time before the next frame is no pause."""
        self._last, self._before_ns = None, 0.0
        self._pairs.clear()
        self._settle()

    def add(self, index: int, received_ns: int) -> None:
        """Note the arrival of frame `index`. Indices that are skipped are known losses and not counted here."""
        if self._last is not None:
            frames, elapsed_ns = index - self._last[0], received_ns - self._last[1]
            if len(self._pairs) >= MIN_INTERVALS:
                self._compare(elapsed_ns / median(self._pairs) - frames)
            interval_ns = elapsed_ns / max(1, frames)
            self._pairs.append((interval_ns + (self._before_ns or interval_ns)) / 2)
            self._before_ns = interval_ns
        self._last = index, received_ns

    def _compare(self, surplus: float) -> None:
        """Update the count; `surplus` is the delay of the arrival in usual intervals, negative if it was early."""
        if surplus > PAUSE:
            missing = max(1, round(surplus))
            self.possibly_lost += missing
            self._owed += missing
            self._since_pause = 0
        elif self._owed:
            self._caught_up -= surplus
            self._since_pause += 1
            if self._caught_up > 0.5:
                self.possibly_lost -= 1
                self._owed -= 1
                self._caught_up -= 1
            if not self._owed or self._since_pause > WINDOW:
                self._settle()

    def _settle(self) -> None:
        """Accept what is missing now as lost."""
        self._owed, self._caught_up, self._since_pause = 0, 0.0, 0
