"""Frames lost before USB: certain where the camera's clock shows a gap, else estimated from pauses in arrival."""

from __future__ import annotations

from capture.frame import Frame
from capture.sources.arrival_gaps import ArrivalGaps
from capture.timing.camera_gaps import CameraGaps
from capture.timing.frame_times import FrameTimes


class FrameGaps:
    """Counter for one stream of frames, `add`ed in order: returns certain losses, and estimates `possibly_lost`."""

    def __init__(self) -> None:
        self._times, self._by_camera, self._by_arrival = FrameTimes(), CameraGaps(), ArrivalGaps()
        self._in_pauses = 0

    @property
    def possibly_lost(self) -> int:
        return self._by_arrival.possibly_lost + self._in_pauses

    def restart(self) -> None:
        """Note that the stream restarts: what was lost before its next frame is not known here."""
        self._by_camera.restart()
        self._by_arrival.restart()

    def add(self, frame: Frame) -> int:
        """Return how many more frames are now certain to be lost on the phone. Skipped indices are known losses."""
        time = self._times.add(frame.received_ns, frame.camera_time_s)
        if time.by_camera:
            self._by_arrival.restart()  # what the camera timed needs no estimate
        else:
            self._by_arrival.add(frame.index, frame.received_ns)
        gaps = self._by_camera.add(time, frame.index, frame.index)
        self._in_pauses += sum(gap.missing for gap in gaps if not gap.certain)
        return sum(gap.missing for gap in gaps if gap.certain)
