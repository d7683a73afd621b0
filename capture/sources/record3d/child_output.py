"""Keep what the capture process and the libraries in it print off the terminal, and log it.

Lines of C++ libraries do not pass through Python: the file descriptors themselves are replaced, by a file.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import deque
from pathlib import Path

LOG = logging.getLogger("lidarlive.capture")
READ_INTERVAL_S = 1.0  # a process that prints without end must not fill the disk
MAX_READ_BYTES = 16 << 10  # logged at a time; the rest is dropped
KEPT_LINES = 20  # more than the last exception has


def redirect_output(path: Path) -> None:
    """Let everything that this process prints, by whatever library, be appended to `path`."""
    sys.stdout.flush()
    sys.stderr.flush()
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)


class ChildOutput:
    """Parent's side: reads what the child has printed, logs it and forgets all but the last lines. For one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_s = time.monotonic()
        self._last: deque[str] = deque(maxlen=KEPT_LINES)

    def read_sometimes(self) -> None:
        """Read, unless that was done within the last second."""
        if time.monotonic() - self._read_s > READ_INTERVAL_S:
            self.read()

    def read(self) -> None:
        """Log what was printed since the last call, and empty the file."""
        self._read_s = time.monotonic()
        try:
            if not self.path.stat().st_size:
                return
            with self.path.open("r+b") as file:
                text = file.read(MAX_READ_BYTES).decode(errors="replace")
                file.truncate(0)
        except OSError:  # a child that has not printed has not made it
            return
        for line in filter(None, map(str.rstrip, text.splitlines())):
            LOG.warning("capture process: %s", line)
            self._last.append(line)

    def last_words(self) -> str:
        """Return the last line with its surrounding space removed; empty if there was none."""
        return self._last[-1].strip() if self._last else ""
