"""Who waits for whom on a busy computer: a frame that is not taken in time is lost, all else may be late.

Linux only: elsewhere all threads of a process have one priority.
"""

from __future__ import annotations

import os
import sys
import threading

import cv2

ENCODER_NICENESS = 10  # they work through a queue that holds half a second and more


def give_way_as_encoder() -> None:
    """The calling thread waits for those that take frames."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), ENCODER_NICENESS)


def give_way_to_all() -> None:
    """The calling thread, and those it starts, run when no other wants to: what they miss is not lost."""
    if sys.platform == "linux":
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))


def keep_opencv_to_one_thread() -> None:
    """Pictures are many and small: OpenCV's helpers would only take turns with the threads that have one each."""
    cv2.setNumThreads(1)
