"""Frames that the phone captured and did not send: the camera's clock shows the places that they left."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import NamedTuple

from capture.timing.frame_times import FrameTime

WINDOW = 31  # intervals whose median is the usual one: half a second at 60 fps
MIN_INTERVALS = 10  # fewer do not give a usual interval
PAUSE_NS = 1_000_000_000  # longer intervals: the app was in the background, or the phone rang
NEW_RATE = 10  # longer intervals in a row are another frame rate, and no losses


class Gap(NamedTuple):
    """Frames that would have filled the time before frame `frame`.

    certain  they are lost; False for a pause of more than PAUSE_NS, in which the camera may have captured none
    """

    frame: int
    missing: int
    certain: bool = True


class _Interval(NamedTuple):
    """Time on the camera's clock from the frame before to `frame`; more than one of the `steps` are known losses."""

    frame: int
    elapsed_ns: int
    steps: int


class CameraGaps:
    """Finder of missing frames, from intervals of the camera's clock. It has no jitter, so that short gaps are certain.

    An interval of several usual ones is a gap once a usual one follows: only then has the rate not changed.
    """

    def __init__(self) -> None:
        self._usual_ns: deque[float] = deque(maxlen=WINDOW)
        self._first: list[_Interval] = []  # until there are enough for a usual one
        self._pending: list[Gap] = []  # before each of the latest frames, all later than usual
        self._before: tuple[FrameTime, int] | None = None  # the newest frame that the camera timed, and its index

    def restart(self) -> None:
        """Note that the stream restarts, perhaps at another rate: what was lost before its next frame is not known."""
        self._before = None
        self._forget()

    def add(self, time: FrameTime, index: int, frame: int) -> list[Gap]:
        """Add a frame with its index in the stream, whose gaps are known losses. `frame` is what its gaps are named by.

        Returns the gaps found now, some before earlier frames. Frames that the camera did not time are passed over.
        """
        if not time.by_camera:
            return []
        before, self._before = self._before, (time, index)
        if before is None or before[0].run != time.run:
            self._forget()
            return []
        return self._add(_Interval(frame, time.time_ns - before[0].time_ns, max(1, index - before[1])))

    def _forget(self) -> None:
        self._usual_ns.clear()
        self._first, self._pending = [], []

    def _add(self, interval: _Interval) -> list[Gap]:
        if len(self._usual_ns) >= MIN_INTERVALS:
            return self._compare(interval)
        self._first.append(interval)
        if len(self._first) < MIN_INTERVALS:
            return []
        first, self._first = self._first, []
        self._usual_ns.extend([median(each.elapsed_ns / each.steps for each in first)] * MIN_INTERVALS)
        return [gap for each in first for gap in self._compare(each)]

    def _compare(self, interval: _Interval) -> list[Gap]:
        missing = round(interval.elapsed_ns / median(self._usual_ns)) - interval.steps
        if missing > 0:
            self._pending.append(Gap(interval.frame, missing, interval.elapsed_ns <= PAUSE_NS))
            if len(self._pending) >= NEW_RATE:
                self._forget()
            return []
        self._usual_ns.append(interval.elapsed_ns / interval.steps)
        found, self._pending = self._pending, []
        return found
