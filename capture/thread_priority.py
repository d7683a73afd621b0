"""Who waits for whom on a busy computer: a frame that is not taken in time is lost, all else may be late.

Linux only: elsewhere all threads of a process have one priority.
"""

from __future__ import annotations

import os
import sys
import threading

import cv2

SWITCH_INTERVAL_S = 0.001  # Python's own 5 ms, a few times a frame, are longer than a frame may wait at 60 fps
VIEWER_NICENESS = 5  # a drawing that is late is replaced by the next one
ENCODER_NICENESS = 10  # they work through a queue that holds half a second and more
PREDICTOR_NICENESS = 12  # it drops frames while busy, and pauses while any wait


def give_way_as_viewer() -> None:
    """The calling thread, and those it starts from now on, wait for those that take frames."""
    _lower(VIEWER_NICENESS)


def give_way_as_encoder() -> None:
    """The calling thread waits for those that take frames and for the one that draws them."""
    _lower(ENCODER_NICENESS)


def give_way_as_predictor() -> None:
    """The calling thread, and those it starts, wait for all others: what they miss is not lost."""
    _lower(PREDICTOR_NICENESS)


def settle_process() -> None:
    """For a process that captures: threads wait less for the interpreter, and OpenCV adds none of its own.

    Pictures are many and small: OpenCV's helpers would only take turns with the threads that have one each.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    cv2.setNumThreads(1)


def _lower(niceness: int) -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
