"""When each frame of a clip that repeats without end is due."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import floor
from statistics import median_low

LATE_WAKE_S = 0.25  # delay by the operating system's scheduler up to which a frame is still sent, not skipped


class Schedule:
    """Times at which frames are due, in seconds after frame 0: every 1 / `fps`, or by the clip's own times.

    times_s  own times of the clip's frames at `clip_fps`, from 0 and increasing; another `fps` plays them faster or
             slower. None: the clip has none
    """

    def __init__(self, fps: float, clip_fps: float = 1.0, times_s: Sequence[float] | None = None) -> None:
        self._fps = fps
        self._times_s = [time_s * clip_fps / fps for time_s in times_s] if times_s and len(times_s) > 1 else None
        if self._times_s:
            usual_s = median_low([after - before for before, after in pairwise(self._times_s)])
            self._round_s = self._times_s[-1] + usual_s  # the last frame is shown as long as most

    def due_s(self, n: int) -> float:
        """Return when frame n is due."""
        if self._times_s is None:
            return n / self._fps
        rounds, i = divmod(n, len(self._times_s))
        return rounds * self._round_s + self._times_s[i]

    def first_from(self, seconds: float) -> int:
        """Return the first frame that is not due before `seconds`."""
        if self._times_s is None:
            return -floor(-seconds * self._fps)
        rounds, rest_s = divmod(seconds, self._round_s)
        return int(rounds) * len(self._times_s) + bisect_left(self._times_s, rest_s)

    def first_after(self, seconds: float) -> int:
        """Return the first frame that is due after `seconds`."""
        if self._times_s is None:
            return floor(seconds * self._fps) + 1
        rounds, rest_s = divmod(seconds, self._round_s)
        return int(rounds) * len(self._times_s) + bisect_right(self._times_s, rest_s)

    def following(self, n: int, started_s: float, taken_s: float) -> int:
        """Return the frame to send after frame n, which was sent from `started_s` to `taken_s`.

        That is the first frame that did not become due meanwhile. If frame n + 1 was due before the sending of frame n
        even started, the phone itself woke late, and n + 1 is sent late too, up to LATE_WAKE_S.
        """
        if started_s - LATE_WAKE_S <= self.due_s(n + 1) <= started_s:
            return n + 1
        return max(n + 1, self.first_after(taken_s))
