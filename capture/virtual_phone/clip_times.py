"""The own times of what the stand-in phone plays, in seconds after the first frame; long pauses are shortened."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from capture.errors import LidarliveError
from capture.formats.r3d_reader import R3dFile
from capture.protocol.capture_time import MAX_MISC_BYTES, parse_misc
from capture.protocol.wire import FRAME_HEADER, PEERTALK_HEADER, consistent_header
from capture.recording import Recording
from capture.timing.frame_times import USUAL_PAUSE_S, FrameTimes, paced


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


def times_of_wire(path: Path, spans: Sequence[tuple[int, int]]) -> list[float] | None:
    """Return the times of capture in the messages at (offset, size) of a file; None unless two or more have one.

    Messages without a usable time, such as damaged ones, come as long after the one before as most do.
    """
    known = _camera_times(path, spans)
    timed = [(i, time_s) for i, time_s in enumerate(known) if time_s is not None]
    steps_s = [(after - before) / (j - i) for (i, before), (j, after) in pairwise(timed) if after > before]
    if not steps_s:
        return None
    usual_s, times = median_low(steps_s), FrameTimes()
    return paced(times.add(round(i * usual_s * 1e9), time_s).time_ns for i, time_s in enumerate(known))


def _camera_times(path: Path, spans: Sequence[tuple[int, int]]) -> list[float | None]:
    times_s: list[float | None] = []
    try:
        with path.open("rb") as file:
            for offset, size in spans:
                file.seek(offset)
                try:
                    header = consistent_header(file.read(PEERTALK_HEADER.size + FRAME_HEADER.size))
                except ValueError:
                    times_s.append(None)
                    continue
                file.seek(offset + size - header.misc_bytes)
                times_s.append(parse_misc(file.read(min(header.misc_bytes, MAX_MISC_BYTES + 1))).camera_s)
    except OSError as error:
        raise LidarliveError(f"{path} cannot be read: {error.strerror}") from error
    return times_s
