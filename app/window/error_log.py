"""Log uncaught exceptions, and show one line about each."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

LOGGER = "lidarlive"
LOG_BYTES = 1 << 20  # of the log and of its predecessor: a repeated error must not fill the disk


def report_exceptions(log: Path, show: Callable[[str], None]) -> Callable[[], None]:
    """Write uncaught exceptions of all threads to `log`, and pass one line about each to `show`, in their thread.

    Without an excepthook, PyQt5 aborts the process at an exception in a virtual method. The previous hooks are still
    called, so that a terminal shows the traceback. Returns a function that restores them.
    """
    logger = _logger(log)
    hook, thread_hook = sys.excepthook, threading.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None, where: str) -> None:
        logger.error("exception in %s", where, exc_info=(kind, error, trace))
        what = " ".join(f"{kind.__name__}: {error}".split())  # some messages have many lines
        show(f"Something went wrong ({what}). Details are in {log}")

    def in_qt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        report(kind, error, trace, "the window")
        hook(kind, error, trace)

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread else "a thread"
            report(args.exc_type, args.exc_value, args.exc_traceback, name)
        thread_hook(args)

    def restore() -> None:
        sys.excepthook, threading.excepthook = hook, thread_hook
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()

    sys.excepthook, threading.excepthook = in_qt, in_thread
    return restore


def _logger(path: Path) -> logging.Logger:
    logger = logging.getLogger(LOGGER)
    logger.propagate = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, delay=True)
    except OSError:  # no folder to write to: use the terminal
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger
