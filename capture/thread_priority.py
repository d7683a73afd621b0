"""Thread priorities. Threads that read frames come first: an unread frame is lost; everything else may be late.

Linux only: on other systems all threads of a process have one priority.
"""

from __future__ import annotations

import os
import sys
import threading

VIEWER_NICENESS = 5  # a late drawing is replaced by the next one
ENCODER_NICENESS = 10  # encoders process a queue of half a second and more
PREDICTOR_NICENESS = 12  # drops frames while busy, and pauses while frames are waiting


def give_way_as_viewer() -> None:
    """Lower the priority of the calling thread, and of those it starts, below threads that read frames."""
    _lower(VIEWER_NICENESS)


def give_way_as_encoder() -> None:
    """Lower the priority of the calling thread below threads that read frames and the one that draws them."""
    _lower(ENCODER_NICENESS)


def give_way_as_predictor() -> None:
    """Lower the priority of the calling thread, and of those it starts, below all others: it may skip frames."""
    _lower(PREDICTOR_NICENESS)


def _lower(niceness: int) -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
