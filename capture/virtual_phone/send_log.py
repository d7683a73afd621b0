"""Log of what the stand-in phone sent and when, to compare recordings with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

from capture.errors import LidarliveError
from capture.virtual_phone.faults import Fault


class SendLog:
    """Writer of a JSON line for each frame that was sent completely, each that was dropped and each fault, in order.

    Lines are written immediately, so that they survive a kill. Times are `clock.now_ns()`, which all processes of
    a computer share. Without a path nothing is written.

    Raises LidarliveError if the file cannot be written, also later.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        if path is not None:
            try:
                self._file = path.open("w", encoding="utf-8", buffering=1)
            except OSError as error:
                raise self._failure(error) from error

    def sent(self, n: int, clip_index: int, due_ns: int, begun_ns: int, sent_ns: int) -> None:
        """Log when frame n was due, offered, and accepted by the system's buffer."""
        self._write({"n": n, "clip_index": clip_index, "due_ns": due_ns, "begun_ns": begun_ns, "sent_ns": sent_ns})

    def dropped(self, n: int) -> None:
        self._write({"n": n, "dropped": True})

    def fault(self, n: int, fault: Fault, begun_ns: int) -> None:
        self._write({"n": n, "fault": fault.kind, "begun_ns": begun_ns})

    def _write(self, line: dict[str, object]) -> None:
        if self._file is not None:
            try:
                self._file.write(json.dumps(line) + "\n")
            except OSError as error:
                raise self._failure(error) from error

    def _failure(self, error: OSError) -> LidarliveError:
        return LidarliveError(f"the send log cannot be written to {self._path}: {error.strerror}. Choose another --log")
