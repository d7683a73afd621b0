"""Keep what libraries print off the terminal, and log it.

Lines of C++ libraries do not pass through Python: the file descriptors themselves are replaced, by a file that is read
now and then. A file and no pipe: a process that prints is never held up, and what it printed outlives it.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

LOG = logging.getLogger("lidarlive.capture")
READ_INTERVAL_S = 1.0  # a process that prints without end must not fill the disk
MAX_READ_BYTES = 16 << 10  # logged at a time; the rest is dropped
KEPT_LINES = 20  # more than the last exception has
_STDOUT, _STDERR = 1, 2  # file descriptors


def redirect_output(path: Path, *descriptors: int) -> None:
    """Let everything that this process prints, by whatever library, be appended to `path`; default: both outputs."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in descriptors or (_STDOUT, _STDERR):
        os.dup2(output, descriptor)
    os.close(output)


class PrintedLines:
    """Reader of such a file: logs its lines as those of `who` and forgets all but the last. For one thread."""

    def __init__(self, path: Path, who: str) -> None:
        self._path, self._who = path, who
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
            if not self._path.stat().st_size:
                return
            with self._path.open("r+b") as file:
                text = file.read(MAX_READ_BYTES).decode(errors="replace")
                file.truncate(0)
        except OSError:  # nothing was printed yet
            return
        for line in filter(None, map(str.rstrip, text.splitlines())):
            LOG.info("%s: %s", self._who, line)
            self._last.append(line)

    def last_line(self) -> str:
        """Return the last line without the space around it; empty if there was none."""
        return self._last[-1].strip() if self._last else ""


@contextmanager
def library_output_logged() -> Iterator[None]:
    """Log what libraries and child processes print on standard error; Python's own `sys.stderr` still reaches it.

    A thread named `library output` reads it once a second. For entry points: it changes the whole process.
    """
    python_stderr = sys.stderr
    if not _is_standard_error(python_stderr):
        yield  # nothing would reach a terminal
        return
    with tempfile.TemporaryDirectory(prefix="lidarlive-", ignore_cleanup_errors=True) as folder:
        kept = os.dup(_STDERR)
        redirect_output(Path(folder) / "stderr", _STDERR)
        ended = threading.Event()
        lines = PrintedLines(Path(folder) / "stderr", "library")
        reader = threading.Thread(target=_read_until, args=(ended, lines), name="library output", daemon=True)
        reader.start()
        with open(os.dup(kept), "w", buffering=1, encoding=python_stderr.encoding, errors="backslashreplace") as shown:
            sys.stderr = shown
            try:
                yield
            finally:
                sys.stderr = python_stderr
                os.dup2(kept, _STDERR)
                os.close(kept)
                ended.set()
                reader.join()
                lines.read()


def _read_until(ended: threading.Event, lines: PrintedLines) -> None:
    while not ended.wait(READ_INTERVAL_S):
        lines.read()


def _is_standard_error(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == _STDERR
    except (OSError, ValueError):  # closed, or kept in memory
        return False
