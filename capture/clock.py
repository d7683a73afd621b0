"""The one clock of all moments that are compared: of frames, of the stand-in phone, and of benchmarks.

It is `time.perf_counter`: monotonic, the same in all processes of a computer, and fine on every system. On Linux and
macOS `time.monotonic` is the same clock; on Windows it advances by 15.6 ms at a time before Python 3.13, half of the
time between two frames, and is another clock than `perf_counter`, which is the performance counter of the system there.
Time-outs within a process may use `time.monotonic`.
"""

from __future__ import annotations

import time


def now_ns() -> int:
    """Return the time in nanoseconds since a moment that is the same for all processes of this computer."""
    return time.perf_counter_ns()


def now_s() -> float:
    """Return the same time in seconds."""
    return time.perf_counter()
