"""Estimate when a frame was captured, on this computer's clock."""

from __future__ import annotations

from collections import deque

from capture.timing.frame_times import FrameTimes

SLICE_NS = 10_000_000_000
SLICES = 6  # a minute: long enough for an undelayed frame, and short enough that the clocks drift by under 6 ms


class CaptureMoments:
    """Estimator for one stream, whose frames are `add`ed in order.

    What lies between the phone's clock and ours cannot be measured from one side. The smallest difference between a
    frame's arrival and its capture in the last minute is taken for it. So the estimated moment is late by the time that
    the fastest frame took from the camera to here (exposure, the app's encoding, USB), and never later than arrival.
    """

    def __init__(self) -> None:
        self._times = FrameTimes()
        self._run = 0
        self._least: deque[tuple[int, int]] = deque(maxlen=SLICES)  # begin of each slice, smallest difference in it

    def add(self, received_ns: int, camera_time_s: float | None) -> int | None:
        """Return when the frame was captured; None if the camera's clock did not time it."""
        time = self._times.add(received_ns, camera_time_s)
        if not time.by_camera:
            return None
        if time.run != self._run:
            self._run = time.run
            self._least.clear()
        difference_ns = received_ns - time.time_ns
        if not self._least or received_ns - self._least[-1][0] >= SLICE_NS:
            self._least.append((received_ns, difference_ns))
        else:
            begin_ns, least_ns = self._least[-1]
            self._least[-1] = begin_ns, min(least_ns, difference_ns)
        return time.time_ns + min(least_ns for _, least_ns in self._least)
