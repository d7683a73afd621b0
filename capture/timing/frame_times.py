"""The times of the frames of a stream or recording: by the camera's clock where the phone sends it, else on arrival.

The camera's clock is exact; arrival is late by what buffers, cable and computer add, which changes from frame to frame.
But the camera's time comes from outside: it may be absent, go back, repeat, or jump. So it is used only where it agrees
with the times of arrival, and arrival bridges the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median_low

AHEAD_NS = 5_000_000_000  # by which an interval of the camera's clock may exceed that of arrival: frames sent at once
LAG_NS = 60_000_000_000  # by which frames may be held back on the way: a computer that decodes at a tenth of the rate
DRIFT = 1e-3  # by which they may disagree in addition, of the time elapsed; quartz drifts by a tenth of this
LEAST_STEP_NS = 500_000  # of the camera's clock: no phone captures 2000 frames a second
LEAST_NS = 1000  # between a frame timed by arrival, which may be too late, and the next one
USUAL_PAUSE_S = 1 / 30  # between frames, if no times are usable
LONGEST_PAUSE_S = 1.0  # between frames in playing: longer interruptions are shortened to this
CONFIRMED = 3  # frames in a row by which a clock that was set to another time is used again


@dataclass(frozen=True)
class FrameTime:
    """The time of a frame on the time line of its stream.

    time_ns  from an arbitrary origin: as the camera's clock counts if it timed the first frame, else as arrival
    run      number of the uninterrupted run of the camera's clock that timed the frame, from 1; 0: timed by arrival
    """

    time_ns: int
    run: int = 0

    @property
    def by_camera(self) -> bool:
        return self.run > 0


@dataclass(frozen=True)
class _Mark:
    """A frame on each clock, and on the time line."""

    camera_ns: int
    received_ns: int
    time_ns: int

    def follows(self, before: _Mark) -> bool:
        """Whether the camera's clock can have counted on from the frame `before` to this one."""
        step_ns, waited_ns = self.camera_ns - before.camera_ns, self.received_ns - before.received_ns
        return step_ns >= LEAST_STEP_NS and step_ns - waited_ns <= AHEAD_NS + DRIFT * abs(waited_ns)

    def lag_ns(self, later: _Mark) -> float:
        """Return by how much more `later` was held back on its way than this frame, beyond the drift of the clocks."""
        passed_ns = later.received_ns - self.received_ns
        return passed_ns - (later.camera_ns - self.camera_ns) - DRIFT * abs(passed_ns)


class FrameTimes:
    """Time line of a stream: `add` its frames in order. Frames without a camera's time continue it by their arrival.

    frames     added so far
    by_camera  of these, timed by the camera's clock
    astray     of these, those whose camera's time went back, repeated, or contradicts the arrival, and was not used
    """

    def __init__(self) -> None:
        self.frames = self.by_camera = self.astray = 0
        self._run = 0
        self._began: _Mark | None = None  # the first frame of the current run
        self._newest: _Mark | None = None  # the frame that it timed last
        self._last: tuple[FrameTime, int] | None = None  # the frame before, and its arrival
        self._doubted: list[_Mark] = []  # frames in a row that agree with one another and not with the current run

    def add(self, received_ns: int, camera_time_s: float | None) -> FrameTime:
        """Return the time of the next frame. Times by the camera always increase; others do as arrival does."""
        time = self._time(received_ns, None if camera_time_s is None else round(camera_time_s * 1e9))
        self.frames += 1
        self.by_camera += time.by_camera
        self._last = time, received_ns
        return time

    @property
    def remark(self) -> str:
        """One line for the user if the camera's clock timed some frames and not others; else empty."""
        rest = self.frames - self.by_camera
        if not rest or not self.by_camera:
            return ""
        why = f"; the camera's clock went back, repeated or jumped in {self.astray}" if self.astray else ""
        return f"timed by arrival: {rest} of {self.frames} frames{why}"

    def _time(self, received_ns: int, camera_ns: int | None) -> FrameTime:
        before_ns, arrival_ns = self._by_arrival(received_ns)
        if camera_ns is None:
            return FrameTime(arrival_ns)
        if self._began is None or self._newest is None:
            time_ns = camera_ns if self._last is None else max(arrival_ns, before_ns + LEAST_NS)
            return self._begin(_Mark(camera_ns, received_ns, time_ns))
        mark = _Mark(camera_ns, received_ns, arrival_ns)
        if mark.follows(self._newest) and self._began.lag_ns(mark) <= LAG_NS:
            self._doubted.clear()
            self._newest = mark
            time_ns = self._began.time_ns + camera_ns - self._began.camera_ns
            return FrameTime(max(time_ns, before_ns + LEAST_NS), self._run)
        self.astray += 1
        return self._doubt(mark)

    def _by_arrival(self, received_ns: int) -> tuple[int, int]:
        """Return the previous frame's time, and this one's by its arrival."""
        if self._last is None:
            return received_ns - 1, received_ns
        before, before_received_ns = self._last
        return before.time_ns, before.time_ns + received_ns - before_received_ns

    def _doubt(self, mark: _Mark) -> FrameTime:
        """Time a frame by its arrival, and begin a new run once enough frames in a row agree."""
        if self._doubted and not mark.follows(self._doubted[-1]):
            self._doubted.clear()
        self._doubted.append(mark)
        if len(self._doubted) == CONFIRMED:
            self._doubted.clear()
            self._begin(mark)
        return FrameTime(mark.time_ns)

    def _begin(self, mark: _Mark) -> FrameTime:
        self._run += 1
        self._began = self._newest = mark
        return FrameTime(mark.time_ns, self._run)


def paced(times_ns: Iterable[int]) -> list[float]:
    """Return when each frame is due in playing, in seconds after the first: pauses are shortened to LONGEST_PAUSE_S.

    Where time does not increase, the usual time between two frames passes.
    """
    pauses_s = [(after - before) / 1e9 for before, after in pairwise(times_ns)]
    usual_s = median_low([pause_s for pause_s in pauses_s if pause_s > 0] or [USUAL_PAUSE_S])
    shortened = (min(pause_s, LONGEST_PAUSE_S) if pause_s > 0 else usual_s for pause_s in pauses_s)
    return list(accumulate(shortened, initial=0.0))


def elapsed_s(received_ns: tuple[int, int], camera_time_s: tuple[float | None, float | None]) -> float:
    """Return the seconds between two frames: by the camera's clock if it timed both and agrees with their arrival."""
    arrival_ns = received_ns[1] - received_ns[0]
    begin_s, end_s = camera_time_s
    if begin_s is not None and end_s is not None and end_s > begin_s:
        camera_ns = round((end_s - begin_s) * 1e9)
        if abs(camera_ns - arrival_ns) <= LAG_NS + DRIFT * abs(arrival_ns):
            return camera_ns / 1e9
    return max(0.0, arrival_ns / 1e9)
