"""Waiting for another thread or process, as long as a busy machine may take."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_S = 60.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Return once `holds()`; fails, naming `what` never came, after a generous while."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)
