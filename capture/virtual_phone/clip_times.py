"""The own times of what the stand-in phone plays, in seconds after the first frame; long pauses are shortened."""

from __future__ import annotations

from collections.abc import Sequence

from capture.formats.r3d_reader import R3dFile
from capture.recording import Recording
from capture.timing.frame_times import USUAL_PAUSE_S, paced


def times_of_r3d(source: R3dFile) -> list[float] | None:
    """Return the times at which the app's time stamps have the frames due; None if the file has none."""
    return paced(round(source.time_s(i) * 1e9) for i in range(len(source))) if source.has_times else None


def times_of_recordings(recordings: Sequence[Recording]) -> list[float] | None:
    """Return the times of the recordings, one after the other; None unless the camera's clock timed some of each."""
    played: list[float] = []
    for recording in recordings:
        times = list(recording.times())
        if not any(time.by_camera for time in times):
            return None
        own_s = paced(time.time_ns for time in times)
        begin_s = played[-1] + (own_s[1] if len(own_s) > 1 else USUAL_PAUSE_S) if played else 0.0
        played += [begin_s + time_s for time_s in own_s]
    return played
