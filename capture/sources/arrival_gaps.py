"""Pauses between arrivals: the only trace of a frame that was lost before USB, since frames carry no number."""

from __future__ import annotations

from collections import deque
from statistics import median

WINDOW = 31  # pairs of intervals the usual one is the median of: half a second at 60 fps, soon used to another rate
MIN_INTERVALS = 10  # before that nobody knows what is usual
PAUSE = 0.5  # intervals beyond the usual one: what Record3D's own jitter stays below


class Arrivals:
    """Tells of each arrival in turn, `possibly_lost` counts the frames that would have filled the pauses.

    A frame that was only late is followed by frames that come early, until they are back at their usual times: those
    make up for the pause. After a frame that is missing they come as usual.
    """

    def __init__(self) -> None:
        self.possibly_lost = 0
        self._pairs: deque[float] = deque(maxlen=WINDOW)  # mean of two intervals: late and early often take turns
        self._before_ns = 0.0
        self._last: tuple[int, int] | None = None
        self._settle()

    def restart(self) -> None:
        """The stream begins anew: the time before the next frame is no pause."""
        self._last, self._before_ns = None, 0.0
        self._pairs.clear()
        self._settle()

    def arrived(self, index: int, received_ns: int) -> None:
        """Frame `index` came at `received_ns`; frames that `index` leaves out are known to be lost and not counted."""
        if self._last is not None:
            frames, elapsed_ns = index - self._last[0], received_ns - self._last[1]
            if len(self._pairs) >= MIN_INTERVALS:
                self._compare(elapsed_ns / median(self._pairs) - frames)
            interval_ns = elapsed_ns / max(1, frames)
            self._pairs.append((interval_ns + (self._before_ns or interval_ns)) / 2)
            self._before_ns = interval_ns
        self._last = index, received_ns

    def _compare(self, surplus: float) -> None:
        """`surplus`: intervals that went by without a frame; below 0 where one came early."""
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
        """What is missing now will not come any more."""
        self._owed, self._caught_up, self._since_pause = 0, 0.0, 0
