"""Check the times of a recording: which clock timed its frames, where they go back, which frames are missing."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from capture.inspection.findings import Finding
from capture.recording import Recording
from capture.storage.layout import FrameLine, RecordingInfo
from capture.timing.camera_gaps import CameraGaps, Gap
from capture.timing.frame_times import FrameTime, FrameTimes

PAUSE, LEAST_PAUSE_S = 3.0, 0.1  # in usual intervals; pauses below a tenth of a second do not matter


@dataclass(frozen=True)
class Clock:
    """What timed the frames of a recording.

    name       camera: the camera's clock timed every frame; mixed: some frames; source: none, times are those of the
               imported data; arrival: none, times are those of arrival at this computer
    by_camera  frames timed by the camera's clock
    astray     frames whose camera's time went back, repeated or jumped, and was not used
    missing    frames that are certain to be missing by the camera's clock, beside known losses
    """

    name: Literal["camera", "mixed", "source", "arrival"]
    frames: int
    by_camera: int
    astray: int
    missing: int


def clock_of(recording: Recording) -> Clock:
    """Read the whole log of a recording. Raises LidarliveError if it is damaged."""
    time_line = TimeLine(recording.info)
    for line in recording.lines():
        time_line.add(line)
    return time_line.clock


class TimeLine:
    """Checker of the times of one recording: `add` its lines in order, then get the `findings` and the `clock`."""

    def __init__(self, info: RecordingInfo) -> None:
        self._info = info
        self._times, self._camera_gaps = FrameTimes(), CameraGaps()
        self._frames, self._stream = array("q"), array("q")
        self._received_ns, self._time_ns = array("q"), array("q")
        self._astray: list[int] = []
        self._gaps: list[Gap] = []

    def add(self, line: FrameLine) -> FrameTime:
        """Return the time of the line's frame."""
        astray = self._times.astray
        time = self._times.add(line.received_ns, line.camera_time_s)
        if self._times.astray > astray:
            self._astray.append(line.index)
        self._frames.append(line.index)
        self._stream.append(line.stream_index)
        self._received_ns.append(line.received_ns)
        self._time_ns.append(time.time_ns)
        self._gaps += [gap for gap in self._camera_gaps.add(time, line.stream_index, line.index) if gap.certain]
        return time

    @property
    def clock(self) -> Clock:
        frames, by_camera = self._times.frames, self._times.by_camera
        without: Literal["source", "arrival"] = "source" if self._info.imported else "arrival"
        name = without if not by_camera else "camera" if by_camera == frames else "mixed"
        return Clock(name, frames, by_camera, self._times.astray, sum(gap.missing for gap in self._gaps))

    def findings(self) -> Iterator[Finding]:
        passed_s = np.diff(np.array(self._received_ns, np.float64)) / 1e9
        if not passed_s.size:
            return
        frames = np.array(self._frames)[1:]
        if (backwards := passed_s < 0).any():
            yield Finding(
                "time",
                False,
                tuple(frames[backwards].tolist()),
                "the time stamps go back here",
                "The source's time stamps are wrong, or its frames out of order. Do not rely on times here.",
            )
        if self._astray:
            yield Finding(
                "clock",
                False,
                tuple(self._astray),
                "the camera's clock goes back, repeats or jumps here: these frames are timed by their arrival",
                "The app or the phone was restarted, or the imported times are wrong. Times are less exact here.",
            )
        if self._gaps:
            yield self._missing()
        yield from self._pauses(frames)

    def _missing(self) -> Finding:
        total = sum(gap.missing for gap in self._gaps)
        return Finding(
            "lost",
            False,
            tuple(gap.frame for gap in self._gaps),
            f"{total} {'frame is' if total == 1 else 'frames are'} missing before these by the camera's clock",
            "The phone captured and did not send them: the phone was busy or hot, or this computer did not keep up.",
            tuple(f"{gap.missing} before frame {gap.frame}" for gap in self._gaps),
        )

    def _pauses(self, frames: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Iterator[Finding]:
        """Yield long intervals, except those in which frames are certain to be missing."""
        passed_s = np.diff(np.array(self._time_ns, np.float64)) / 1e9
        # Frames skipped by choice are no pause: scale the usual interval by the number of skipped frames.
        steps = (
            np.maximum(np.diff(np.array(self._stream, np.float64)), 1) if self._info.chosen else np.ones(len(frames))
        )
        usual_s = float(np.median(passed_s / steps))
        pauses = (passed_s > PAUSE * usual_s * steps) & (passed_s > LEAST_PAUSE_S)
        pauses &= ~np.isin(frames, [gap.frame for gap in self._gaps])
        if pauses.any():
            longest = int(np.argmax(np.where(pauses, passed_s, 0)))
            yield Finding(
                "gap",
                False,
                tuple(frames[pauses].tolist()),
                f"there is a pause before these: {passed_s[longest]:.2f} s before frame {frames[longest]}, "
                f"usually {usual_s * steps[longest]:.3f} s",
                "Frames were lost, or the app paused; `lidarlive inspect` lists the known losses.",
                tuple(f"{passed_s[i]:.2f} s before frame {frames[i]}" for i in np.flatnonzero(pauses)),
            )
