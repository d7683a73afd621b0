"""Who waits for whom on a busy computer: a frame that is not taken in time is lost, all else may be late."""

from __future__ import annotations

import os
import sys
import threading

ENCODER = 5  # niceness: encoders work through a queue that holds half a second and more
PREDICTOR = 15  # it drops frames while busy, and shows the newest when it can


def give_way(niceness: int) -> None:
    """Lower the calling thread's priority, and that of threads it starts.

    Linux only: elsewhere a process has one priority for all its threads.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
