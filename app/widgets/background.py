"""Threads beside a widget, for work that may block on the disk, on usbmuxd or on inference."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from PyQt5.QtCore import QEventLoop, QObject, pyqtSignal

from capture.errors import LidarliveError

PATIENCE_S = 20.0  # for a thread that reads or predicts on a slow disk
T = TypeVar("T")

logger = logging.getLogger("lidarlive")


def _nothing() -> None: ...


class Background(QObject):
    """Runs work in threads of its own and hands the results over in the Qt thread.

    `failed` carries the message of a LidarliveError, one line for the person; any other exception goes to
    threading.excepthook.
    """

    failed = pyqtSignal(str)
    _ended = pyqtSignal(object)  # a _Request whose work is done; from its thread

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads: list[threading.Thread] = []
        self._pending: list[_Request] = []
        self._newest: dict[str, _Request] = {}
        self._in_order: list[threading.Thread] = []  # that have not ended, the last one begins last
        self._is_shut_down = False
        self._ended.connect(self._deliver)

    def start(self, name: str, do: Callable[[], None]) -> None:
        """Run `do` in a thread of that name; it reports by signals of its own."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=do, name=name, daemon=True))
        self._threads[-1].start()

    def run(self, name: str, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Run `work` in a thread of that name, and `done` with its result in the Qt thread."""
        self._run(_Request(name, work, done))

    def run_newest(
        self, name: str, work: Callable[[], T], done: Callable[[T], None], discard: Callable[[T], None] | None = None
    ) -> None:
        """Like `run`, but only the newest request of that name counts.

        An older one that is still running is neither delivered nor reported; `discard` releases its result.
        """
        request = _Request(name, work, done, discard, replaceable=True)
        self._newest[name] = request
        self._run(request)

    def run_in_order(
        self, name: str, work: Callable[[], T], done: Callable[[T], None], ended: Callable[[], None] = _nothing
    ) -> None:
        """Like `run`, for work that changes files: it begins when all that was requested before it has ended.

        `ended` is called in the Qt thread last, however it ended. `shut_down` waits until all of it is done.
        """
        before = [thread for thread in self._in_order if thread.is_alive()]

        def wait_and_work() -> T:
            for thread in before:
                thread.join()
            return work()

        self._run(_Request(name, wait_and_work, done, ended=ended))
        self._in_order = [*before, self._threads[-1]]

    def is_running(self, name: str) -> bool:
        """Whether work of that name has not been delivered yet."""
        return any(request.name == name for request in self._pending)

    def cancel(self) -> None:
        """Drop what `run_newest` has not delivered yet, without waiting for it."""
        self._newest.clear()

    def shut_down(self, timeout_s: float | None = PATIENCE_S) -> None:
        """Wait for the threads, each at most so long: they may not outlive the widgets that they report to.

        Work of `run_in_order` is waited for without a limit. Errors that nobody can see any more are logged. May be
        called in any thread.
        """
        self._is_shut_down = True
        for thread in self._threads:
            thread.join(None if thread in self._in_order else timeout_s)
        for request in list(self._pending):
            request.log_error()

    def _run(self, request: _Request) -> None:
        self._pending.append(request)
        self.start(request.name, lambda: self._work(request))

    def _work(self, request: _Request) -> None:
        try:
            request.result = request.work()
            request.succeeded = True
        except LidarliveError as error:
            request.error = str(error)
        finally:
            with suppress(RuntimeError):  # the widget that asked is gone
                self._ended.emit(request)

    def _deliver(self, request: _Request) -> None:
        self._pending.remove(request)
        if self._is_shut_down:
            request.log_error()
        self._report(request)
        request.ended()

    def _report(self, request: _Request) -> None:
        if request.replaceable and self._newest.get(request.name) is not request:
            if request.succeeded and request.discard is not None:
                request.discard(request.result)
        elif request.succeeded:
            request.done(request.result)
        elif request.error:
            self.failed.emit(request.error)


class _Request:
    """Work, and what becomes of its result."""

    def __init__(
        self,
        name: str,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        discard: Callable[[Any], None] | None = None,
        replaceable: bool = False,
        ended: Callable[[], None] = _nothing,
    ) -> None:
        self.name, self.work, self.done = name, work, done
        self.discard, self.replaceable, self.ended = discard, replaceable, ended
        self.result: Any = None
        self.succeeded, self.error = False, ""
        self._is_logged = False

    def log_error(self) -> None:
        """Log the error, if there is one, once."""
        if self.error and not self._is_logged:
            self._is_logged = True
            logger.error("%s: %s", self.name, self.error)


def run_and_wait(name: str, work: Callable[[], None]) -> None:
    """Run `work` in a thread of that name, and return when it has ended. Qt's events are handled meanwhile."""
    loop, ended = QEventLoop(), _Ended()
    ended.signal.connect(loop.quit)

    def do() -> None:
        try:
            work()
        finally:
            ended.signal.emit()

    thread = threading.Thread(target=do, name=name, daemon=True)
    thread.start()
    loop.exec_()  # returns at once if the program was asked to quit
    thread.join()


class _Ended(QObject):
    signal = pyqtSignal()
