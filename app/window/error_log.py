"""Exceptions that nobody caught: to the log, and a line about each to the person."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

LOGGER = "lidarlive"


def report_exceptions(log: Path, show: Callable[[str], None]) -> Callable[[], None]:
    """Write exceptions that nobody caught to `log` and hand a line about each to `show`, from whatever thread.

    Without a hook of its own, PyQt5 aborts the process at an exception in a virtual method. The hooks that were there
    are still called, so a terminal shows the traceback. Returns what puts them back.
    """
    logger = _logger(log)
    hook, thread_hook = sys.excepthook, threading.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None, where: str) -> None:
        logger.error("exception in %s", where, exc_info=(kind, error, trace))
        what = " ".join(f"{kind.__name__}: {error}".split())  # some are a page long
        show(f"Something went wrong ({what}). Details are in {log}")

    def in_qt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        report(kind, error, trace, "the window")
        hook(kind, error, trace)

    def in_thread(about: threading.ExceptHookArgs) -> None:
        if about.exc_value is not None:
            name = about.thread.name if about.thread else "a thread"
            report(about.exc_type, about.exc_value, about.exc_traceback, name)
        thread_hook(about)

    def put_back() -> None:
        sys.excepthook, threading.excepthook = hook, thread_hook
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()

    sys.excepthook, threading.excepthook = in_qt, in_thread
    return put_back


def _logger(path: Path) -> logging.Logger:
    logger = logging.getLogger(LOGGER)
    logger.propagate = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, delay=True)
    except OSError:  # nowhere to write: the terminal, if there is one, is better than nothing
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger


LOG_BYTES = 1 << 20  # of the log and of the one before it: an error that repeats must not fill the disk
