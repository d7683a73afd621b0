"""A recording as a source that can be paused, sought and stepped.

Frames are yielded at the rate at which they were recorded. A computer that is too slow skips some, so that a second of
the recording takes a second; these are not counted as lost.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from capture import clock
from capture.errors import LidarliveError
from capture.frame import Frame
from capture.recording import Recording
from capture.sources.base import Source
from capture.timing.frame_times import paced

WAIT_S = 0.1  # interval at which a wait checks whether the source was closed


@dataclass(frozen=True)
class Position:
    """Position of the player. `frame` counts from 0; `seconds` since the first frame, with long pauses shortened."""

    frame: int
    frames: int
    seconds: float
    length_s: float
    playing: bool


class ReplaySource(Source):
    """Player of a recording in a loop. `play`, `pause`, `seek` and `position` may be used from any thread.

    Frames are those of the recording, except for `index`, which keeps increasing, and `received_ns`, which is now.
    Frames that cannot be read are counted as lost by the cause `damaged`, once each.

    Raises LidarliveError if the recording has no frames.
    """

    kind = "replay"
    recordable = False

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording.info.name)
        if not len(recording):
            raise LidarliveError(f"{recording.path} has no frames to play")
        self.recording = recording
        self._times_s = paced(time.time_ns for time in recording.times())
        self._changed = threading.Condition()
        self._at = 0  # index of the frame yielded last or, if `_sought`, of the one to yield next
        self._sought = True
        self._playing = True
        self._began_s = 0.0  # time.monotonic() at which frame 0 was or would have been due
        self._damaged: set[int] = set()

    def __iter__(self) -> Iterator[Frame]:
        self.set_state("streaming")
        count = 0
        while (i := self._next()) is not None:
            try:
                frame = self.recording.frame(i)
            except LidarliveError as error:
                self._note_damage(i, str(error))
                continue
            yield replace(frame, index=count, received_ns=clock.now_ns())
            count += 1

    @property
    def position(self) -> Position:
        with self._changed:
            return Position(self._at, len(self._times_s), self._times_s[self._at], self._times_s[-1], self._playing)

    def play(self) -> None:
        with self._changed:
            self._playing = True
            self._resume()

    def pause(self) -> None:
        with self._changed:
            self._playing = False

    def seek(self, frame: int) -> None:
        """Yield this frame next (clamped to the first or last one) and continue playing from it."""
        with self._changed:
            self._at, self._sought = min(max(frame, 0), len(self._times_s) - 1), True
            self._resume()

    def close(self) -> None:
        super().close()
        with self._changed:
            self._changed.notify()

    def _resume(self) -> None:
        """Restart the clock at the current position."""
        self._began_s = time.monotonic() - self._times_s[self._at]
        self._changed.notify()

    def _next(self) -> int | None:
        """Wait for the next frame to yield and return its index; None if the source was closed."""
        with self._changed:
            while not self.closed:
                if self._sought:
                    self._sought = False
                    self._began_s = time.monotonic() - self._times_s[self._at]
                    return self._at
                due = self._due()
                if due is not None and due != self._at:
                    self._at = due
                    return due
                self._changed.wait(self._wait_s())
        return None

    def _due(self) -> int | None:
        """Return the index of the frame to show now, the first again after the last; None while paused."""
        if not self._playing or len(self._times_s) < 2:
            return None
        now_s = time.monotonic() - self._began_s
        if now_s >= self._times_s[-1] + self._times_s[1]:  # the last frame is seen as long as the first
            self._began_s = time.monotonic()
            return 0
        return max(0, bisect_right(self._times_s, now_s) - 1)

    def _wait_s(self) -> float:
        if not self._playing or self._at + 1 >= len(self._times_s):
            return WAIT_S
        due_s = self._began_s + self._times_s[self._at + 1] - time.monotonic()
        return min(max(due_s, 0.0), WAIT_S)

    def _note_damage(self, i: int, problem: str) -> None:
        if i not in self._damaged:
            self._damaged.add(i)
            self.count_lost("damaged", 1)
            self.set_state("streaming", problem)
