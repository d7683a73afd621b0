"""Logged warnings and errors as lines for the window's error bar."""

from __future__ import annotations

import logging

from PyQt5.QtCore import QObject, pyqtSignal

from app.log_file import LOGGER, log_in_use
from app.log_repeats import Repeats, one_line


class LogMessages(QObject):
    """`logged` carries one line about each warning or error of any thread; repeated ones are collapsed."""

    logged = pyqtSignal(str)  # from the thread that logs: Qt delivers it in that of the receiver

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handler = _Handler(self)
        logging.getLogger(LOGGER).addHandler(self._handler)

    def stop(self) -> None:
        """Pass no more."""
        logging.getLogger(LOGGER).removeHandler(self._handler)
        self._handler.close()


class _Handler(logging.Handler):
    def __init__(self, messages: LogMessages) -> None:
        super().__init__(logging.WARNING)
        self._messages, self._repeats = messages, Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            for each in self._repeats.passing(record):
                self._messages.logged.emit(message(each))
        except (TypeError, ValueError, RuntimeError):  # arguments that do not fit the message; the window is gone
            self.handleError(record)


def message(record: logging.LogRecord) -> str:
    """Return the record in one line, and where to read more."""
    line, log = one_line(record), log_in_use()
    if record.name == LOGGER and record.exc_info:  # nobody expected it, so that no words for it are ready
        line = f"Something went wrong: {line}"
    return line if log is None else f"{line.rstrip('.')}. Details are in {log}"
