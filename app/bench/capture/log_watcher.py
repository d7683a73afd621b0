"""Watch the commit log of a recording from outside, as a reader of the data set would see it grow.

`python -m app.bench.capture.log_watcher DATASET` waits for the first recording in DATASET and prints
clock.now_ns() when each line of its log appears. It ends when its standard input is closed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from capture import clock
from capture.errors import LidarliveError
from capture.storage.layout import LOG_NAME

POLL_S = 0.002  # delay of a stamp at most: a tenth of what is measured
CATCH_UP_S = 5.0  # on a busy computer


class CommitLogWatcher:
    """Parent-side handle of that program, a process of its own so that nothing delays it."""

    def __init__(self, dataset: Path, stamps: Path) -> None:
        self._stamps = stamps
        command = [sys.executable, "-m", "app.bench.capture.log_watcher", str(dataset)]
        with stamps.open("w") as file:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file)

    def __enter__(self) -> CommitLogWatcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def committed_ns(self, lines: int) -> list[int]:
        """Return when each of the log's lines appeared. Raises LidarliveError if some were not noticed."""
        deadline_s = time.monotonic() + CATCH_UP_S
        while True:
            stamps = [int(stamp) for stamp in self._stamps.read_text().split()]
            if len(stamps) == lines:
                return stamps
            if time.monotonic() > deadline_s:
                raise LidarliveError(
                    f"only {len(stamps)} of the log's {lines} lines were noticed. The computer is too busy: try again"
                )
            time.sleep(POLL_S)


def main(dataset: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the benchmark handles it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log = _wait_for_log(dataset)
    with log.open("rb") as file:
        while True:
            for _ in range(file.read().count(b"\n")):
                print(clock.now_ns(), flush=True)
            time.sleep(POLL_S)


def _wait_for_log(dataset: Path) -> Path:
    while not (found := list(dataset.glob(f"*/{LOG_NAME}"))):
        time.sleep(POLL_S)
    return found[0]


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
