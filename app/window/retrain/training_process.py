"""Window-side handle of the trainer: a child process of low priority that reports events."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import psutil
from PyQt5.QtCore import QEventLoop, QObject, QProcess, QTimer, pyqtSignal

from app.widgets.background import Background
from capture.errors import LidarliveError
from model.config import TrainConfig
from model.events import TRAINING, Done, Event, Failed, decode
from model.jobs.client import KILLED, OUT_OF_MEMORY
from model.jobs.worker import STOP_LINE
from model.training.failures import kept_of
from model.training.interrupted import discard

NICENESS = 10  # on the scale of nice(1): the live view goes first
STOP_TIMEOUT_MS = 5000  # the trainer cleans up when asked to end; after this time it is killed
ERROR_TAIL_BYTES = 4096  # of standard error: enough for the last line of a traceback
MODULE = "model.train"

logger = logging.getLogger("lidarlive.trainer")


class TrainingProcess(QObject):
    """Runs one training at a time, in the Qt thread.

    `shut_down` handles Qt's events while it waits for the child. After a cancel, a thread named `discard` deletes the
    checkpoint, as it may block on the disk; `ended` follows.

    `event_received` carries the trainer's events (model/events.py). `ended` is emitted once a run: an empty text after
    Done, else one line on why there is no new version. A `resumable` training that ends without one can be
    resumed after its first epoch (model/training/interrupted.py), unless it was cancelled.
    """

    event_received = pyqtSignal(object)  # an Event
    ended = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self.background = Background(self)
        self._out = Path()
        self._asked = self._cancelled = self._discards = self._done = False
        self._message, self._errors = "", b""

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, config: TrainConfig) -> None:
        """Start a training; does nothing while one runs."""
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
        """Ask the child to stop training and make a version of the best epoch so far; Done and `ended` follow as usual.

        It answers with an Asked event, `early` where there is no such epoch yet: then it continues until there is.
        """
        if self._process is not None and not self._asked:
            self._asked = True
            if self._process.state() == QProcess.ProcessState.Running:  # else it is sent once the child has started
                self._process.write(f"{STOP_LINE}\n".encode())

    def cancel(self) -> None:
        """Ask the child to end, and discard what it has trained; `ended` follows."""
        self._discards = True
        self._stop()

    def _stop(self) -> None:
        if self._process is not None and not self._cancelled:
            self._cancelled = True
            if sys.platform == "win32":  # terminate needs a window there
                self._process.kill()
            else:
                self._process.terminate()
            QTimer.singleShot(STOP_TIMEOUT_MS, self._process.kill)

    def shut_down(self) -> None:
        """End the child and wait for it, three times STOP_TIMEOUT_MS at most. Its checkpoint is kept."""
        process = self._process
        if process is None:
            return
        self._stop()
        loop = QEventLoop()
        process.finished.connect(loop.quit)
        QTimer.singleShot(2 * STOP_TIMEOUT_MS, loop.quit)  # `_stop` kills it before
        if process.state() != QProcess.ProcessState.NotRunning:
            loop.exec_()
        if not process.waitForFinished(0):  # the program was asked to quit, which ends the loop at once
            process.waitForFinished(STOP_TIMEOUT_MS)

    def _started(self, process: QProcess, config: TrainConfig) -> None:
        try:
            child = psutil.Process(process.processId())
            if sys.platform == "win32":
                child.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
            else:
                child.nice(NICENESS)
        except psutil.Error:
            self._errors += b"its priority could not be lowered\n"  # it may have ended already; the run continues
        logger.info("the training of %s started, process %d", self._out, process.processId())
        process.write(f"{config.to_json()}\n".encode())
        if self._asked:
            process.write(f"{STOP_LINE}\n".encode())

    def _read_events(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            event = _decoded(bytes(process.readLine()))
            if isinstance(event, Failed):
                self._message = event.message
            elif event is not None:
                self._done |= isinstance(event, Done)
                self.event_received.emit(event)

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
            self.background.run_in_order("discard", self._discarded, self._end)
        elif self._cancelled:
            self._end(f"The training was stopped. {kept_of(self._out)}")
        else:
            self._end(self._message or self._crash(code, status))

    def _discarded(self) -> str:
        try:
            discard(self._out)
        except LidarliveError as error:
            return f"Cancelled, but {error}"
        return "Cancelled: nothing was saved"

    def _crash(self, code: int, status: QProcess.ExitStatus) -> str:
        """One line about a child that ended without an error event."""
        crashed = status == QProcess.ExitStatus.CrashExit
        if crashed and code == KILLED:  # what Linux does where no memory is left
            return f"The trainer was killed by the system: it probably {OUT_OF_MEMORY}. {kept_of(self._out)}"
        lines = self._errors.decode(errors="replace").strip().splitlines()
        logger.error("the trainer of %s ended with status %d:\n%s", self._out, code, "\n".join(lines))
        how = "crashed" if crashed else f"ended with status {code}"
        why = f": {lines[-1].strip()}" if lines else "; it may have run out of memory"
        return f"The trainer {how}{why}. {kept_of(self._out)}"

    def _end(self, message: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        logger.info("the training of %s ended%s", self._out, f": {message}" if message else "")
        self.ended.emit(message)


def _decoded(line: bytes) -> Event | None:
    """The event of a line; None where the line holds something else."""
    try:
        return decode(line, TRAINING)
    except ValueError:
        return None
