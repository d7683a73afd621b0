"""Frames lost before USB: certain where the camera's clock shows a gap, else estimated from pauses between arrivals."""

from __future__ import annotations

from capture.frame import Frame
from capture.frame_times import FrameTime, FrameTimes
from capture.sources.arrival_gaps import ArrivalGaps
from capture.sources.camera_gaps import CameraGaps


class FrameGaps:
    """Counter for one stream of frames, `add`ed in order: returns certain losses, and estimates `possibly_lost`."""

    def __init__(self) -> None:
        self._times, self._by_camera, self._by_arrival = FrameTimes(), CameraGaps(), ArrivalGaps()
        self._timed: tuple[FrameTime, int] | None = None  # the newest that the camera timed, and its index

    @property
    def possibly_lost(self) -> int:
        return self._by_arrival.possibly_lost

    def restart(self) -> None:
        """Note that the stream restarts: what was lost before its next frame is not known here."""
        self._by_camera.restart()
        self._by_arrival.restart()
        self._timed = None

    def add(self, frame: Frame) -> int:
        """Return how many more frames are now certain to be lost on the phone. Skipped indices are known losses."""
        time = self._times.add(frame.received_ns, frame.camera_time_s)
        if not time.by_camera:
            self._by_arrival.add(frame.index, frame.received_ns)
            return 0
        before, self._timed = self._timed, (time, frame.index)
        self._by_arrival.restart()  # what the camera timed is certain, and needs no estimate
        if before is None or before[0].run != time.run:
            self._by_camera.restart()
            return 0
        return self._by_camera.add(time.time_ns - before[0].time_ns, frame.index - before[1])
