"""Equal priorities for tests: what runs at a low priority starves beside other work, and its test with it."""

from __future__ import annotations

import sys

import psutil
import pytest

from capture import thread_priority

TRAINING_PROCESS = "app.window.retrain.training_process"


def keep_equal(patch: pytest.MonkeyPatch) -> None:
    """Leave threads and trainers at the priority of this process. Qt is not imported for it."""
    patch.setattr(thread_priority, "_lower", lambda niceness: None)
    if TRAINING_PROCESS in sys.modules and sys.platform != "win32":
        patch.setattr(f"{TRAINING_PROCESS}.NICENESS", psutil.Process().nice())
