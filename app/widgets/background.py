"""Threads beside a widget, for work that may block on the disk, on usbmuxd or on inference."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from PyQt5.QtCore import QObject, pyqtSignal

from capture.errors import LidarliveError

PATIENCE_S = 20.0  # for a thread that reads or predicts on a slow disk
T = TypeVar("T")


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

    def is_running(self, name: str) -> bool:
        """Whether work of that name has not been delivered yet."""
        return any(request.name == name for request in self._pending)

    def cancel(self) -> None:
        """Drop what `run_newest` has not delivered yet, without waiting for it."""
        self._newest.clear()

    def shut_down(self, timeout_s: float | None = PATIENCE_S) -> None:
        """Wait for the threads, each at most so long: they may not outlive the widgets that they report to."""
        for thread in self._threads:
            thread.join(timeout_s)

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
    ) -> None:
        self.name, self.work, self.done = name, work, done
        self.discard, self.replaceable = discard, replaceable
        self.result: Any = None
        self.succeeded, self.error = False, ""
