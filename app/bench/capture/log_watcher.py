"""Watches the commit log of a recording from outside, as a reader of the data set would see it grow.

`python -m app.bench.capture.log_watcher DATASET` waits for the first recording in DATASET and prints
time.monotonic_ns() for each line of its log, when it is there. It ends when its standard input is closed.
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

from capture.errors import LidarliveError
from capture.storage.layout import LOG_NAME

POLL_S = 0.002  # how much later than the line the stamp may be: a tenth of what is measured
CATCH_UP_S = 5.0  # on a computer that is busy with other things


class CommitLogWatcher:
    """That program as a child, so that nothing delays it; it writes its stamps to a file."""

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
        """When each of the log's lines was there. Raises LidarliveError where they were not all seen."""
        deadline_s = time.monotonic() + CATCH_UP_S
        while True:
            stamps = [int(stamp) for stamp in self._stamps.read_text().split()]
            if len(stamps) == lines:
                return stamps
            if time.monotonic() > deadline_s:
                raise LidarliveError(
                    f"the log has {lines} lines, not all were seen. Received: {len(stamps)}. Try again"
                )
            time.sleep(POLL_S)


def main(dataset: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the benchmark decides what it means
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log = _wait_for_log(dataset)
    with log.open("rb") as file:
        while True:
            for _ in range(file.read().count(b"\n")):
                print(time.monotonic_ns(), flush=True)
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
