"""The trainer as the window holds it: a child process of low priority that says one JSON event a line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psutil
from PyQt5.QtCore import QObject, QProcess, QTimer, pyqtSignal

from capture.errors import LidarliveError
from model.config import TrainConfig
from model.jobs.client import KILLED, OUT_OF_MEMORY
from model.jobs.worker import ENOUGH
from model.training.failures import left_of
from model.training.interrupted import discard

NICENESS = 10  # on the scale of nice(1): the live view goes first
STOP_TIMEOUT_MS = 5000  # the trainer clears up when asked to end; after this it is killed
ERROR_TAIL_BYTES = 4096  # of what the child wrote on standard error: enough for the last line of a traceback
MODULE = "model.train"


class TrainingProcess(QObject):
    """Runs one training at a time. It lives in the Qt thread and blocks on nothing but `shut_down` and, after a cancel,
    on deleting the few files of the checkpoint.

    `told` carries the trainer's events as they are (see model.train), `ended` comes once a run: an empty text after
    "done", else one line that says why there is no new version. What ends without one can go on where the configuration
    said `resumable` and an epoch was finished (model/training/interrupted.py), unless it was cancelled.
    """

    told = pyqtSignal(dict)
    ended = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._out = Path()
        self._asked = self._cancelled = self._discards = self._done = False
        self._message, self._errors = "", b""

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, config: TrainConfig) -> None:
        """Begin a training; does nothing while one runs."""
        if self._process is not None:
            return
        self._out = Path(config.out)
        self._asked = self._cancelled = self._discards = self._done = False
        self._message, self._errors = "", b""
        process = self._process = QProcess(self)
        process.started.connect(lambda: self._started(process, config))
        process.readyReadStandardOutput.connect(self._read_events)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._failed_to_start)
        process.start(sys.executable, ["-m", MODULE])

    def stop_and_keep_best(self) -> None:
        """Ask the child to train no further and make a version of the best so far; "done" and `ended` come as ever.

        It answers with the event "asked", which says whether there is no such version yet: then it goes on until there
        is.
        """
        if self._process is not None and not self._asked:
            self._asked = True
            if self._process.state() == QProcess.ProcessState.Running:  # else once it has started
                self._process.write(f"{ENOUGH}\n".encode())

    def cancel(self) -> None:
        """Ask the child to end, and throw away what it has trained; `ended` comes when it has."""
        self._discards = True
        self._stop()

    def _stop(self) -> None:
        if self._process is not None and not self._cancelled:
            self._cancelled = True
            if sys.platform == "win32":  # there is no terminate for a program without a window
                self._process.kill()
            else:
                self._process.terminate()
            QTimer.singleShot(STOP_TIMEOUT_MS, self._process.kill)

    def shut_down(self) -> None:
        """End the child and wait for it: at most STOP_TIMEOUT_MS. What can go on stays."""
        process = self._process
        if process is None:
            return
        self._stop()
        if not process.waitForFinished(STOP_TIMEOUT_MS):
            process.kill()
            process.waitForFinished(STOP_TIMEOUT_MS)

    def _started(self, process: QProcess, config: TrainConfig) -> None:
        try:
            child = psutil.Process(process.processId())
            if sys.platform == "win32":
                child.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
            else:
                child.nice(NICENESS)
        except psutil.Error:
            self._errors += b"its priority could not be lowered\n"  # it may be over already; the run goes on
        process.write(f"{config.to_json()}\n".encode())
        if self._asked:
            process.write(f"{ENOUGH}\n".encode())

    def _read_events(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            event = _parsed(bytes(process.readLine()))
            if event.get("event") == "error":
                self._message = str(event.get("message"))
            elif event:
                self._done |= event["event"] == "done"
                self.told.emit(event)

    def _read_errors(self) -> None:
        if self._process is not None:
            self._errors = (self._errors + bytes(self._process.readAllStandardError()))[-ERROR_TAIL_BYTES:]

    def _failed_to_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._end(f"the trainer could not be started: {self._process.errorString()}")

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read_events()
        self._read_errors()
        if self._done and code == 0:
            self._end("")
        elif self._discards:
            self._end(self._thrown_away())
        elif self._cancelled:
            self._end(f"The training was stopped. {left_of(self._out)}")
        else:
            self._end(self._message or self._crash(code, status))

    def _thrown_away(self) -> str:
        try:
            discard(self._out)
        except LidarliveError as error:
            return f"Cancelled, but {error}"
        return "Cancelled: nothing was saved"

    def _crash(self, code: int, status: QProcess.ExitStatus) -> str:
        """One line about a child that ended without saying why."""
        crashed = status == QProcess.ExitStatus.CrashExit
        if crashed and code == KILLED:  # what Linux does where no memory is left
            return f"The trainer was killed by the system: it probably {OUT_OF_MEMORY}. {left_of(self._out)}"
        lines = self._errors.decode(errors="replace").strip().splitlines()
        how = "crashed" if crashed else f"ended with status {code}"
        why = f": {lines[-1].strip()}" if lines else "; it may have run out of memory"
        return f"The trainer {how}{why}. {left_of(self._out)}"

    def _end(self, message: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        self.ended.emit(message)


def _parsed(line: bytes) -> dict[str, Any]:
    """The event of a line, empty where the line is none."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) and "event" in event else {}
