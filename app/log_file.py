"""The program's log: $LIDARLIVE_HOME/lidarlive.log, one file for all its processes.

    any thread ──► bounded queue ──► thread `log` ──► lidarlive.log   (its predecessor: lidarlive.log.1)

The loggers are `lidarlive.capture`, `lidarlive.recorder`, `lidarlive.predictor`, `lidarlive.trainer`, and `lidarlive`
for the rest. The entry point opens the log. Child processes do not: they write to standard error and to their pipes,
and the parent logs that. Several programs share the file by a lock that is held for one line.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from app.log_repeats import Repeats

if TYPE_CHECKING:
    from filelock import FileLock

LOGGER = "lidarlive"
LOG_BYTES = 1 << 20  # of the log, and as much of its predecessor: a repeated error must not fill the disk
MAX_WAITING = 1000  # records that wait for the disk; threads that capture must not wait for it
LOCK_S = 5.0  # another program holds the lock for one line
FORMAT = "%(asctime)s %(levelname)s %(name)s [%(process)d %(threadName)s] %(message)s"

_open_logs: list[Path] = []


@contextmanager
def open_log(path: Path) -> Iterator[None]:
    """Write what is logged, and uncaught exceptions of all threads, to the file `path`.

    Without an excepthook, PyQt5 aborts the process at an exception in a virtual method. The previous hooks are still
    called, so that a terminal shows the traceback. The first line creates the file.
    """
    logger = logging.getLogger(LOGGER)
    before = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = _LogWriter(path)
    logger.addHandler(handler)
    restore_hooks = _log_uncaught(logger)
    _open_logs.append(path)
    try:
        yield
    except Exception:
        logger.exception("exception in the main thread")
        raise
    finally:
        _open_logs.remove(path)
        restore_hooks()
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
        handler.close()


def log_in_use() -> Path | None:
    """Return the path of the log that is open; None if there is none."""
    return _open_logs[-1] if _open_logs else None


class _LogWriter(logging.Handler):
    """Passes records to a thread named `log`, which may block on the disk and on another program's line."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._repeats = Repeats()
        self._file = _SharedFile(path)
        self._records: queue.Queue[logging.LogRecord | None] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            for each in self._repeats.passing(record):
                self._records.put_nowait(each)
        except queue.Full:
            self._dropped += 1
        except (TypeError, ValueError):  # arguments that do not fit the message
            self.handleError(record)

    def close(self) -> None:
        """Write what waits, then what was left out, and end the thread."""
        for record in self._repeats.remaining():
            self._records.put(record)
        if self._dropped:
            text = "%d lines are missing: the disk did not keep up"
            self._records.put(logging.LogRecord(LOGGER, logging.WARNING, __file__, 0, text, (self._dropped,), None))
        self._records.put(None)
        self._thread.join()
        self._file.close()
        super().close()

    def _write(self) -> None:
        while (record := self._records.get()) is not None:
            self._file.handle(record)


class _SharedFile(RotatingFileHandler):
    """A rotating file that several processes may write to: open, and locked, for one line at a time.

    A file that is kept open could be rotated by another process, and Windows would refuse to rotate it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self._path = path
        self._turn: FileLock | None = None
        self._complained = False
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock_of_file():
                super().emit(record)
                self._close_stream()
        except OSError:  # no folder to write to
            self.handleError(record)

    def _lock_of_file(self) -> FileLock:
        from filelock import FileLock  # not earlier: its import takes 30 ms, and most commands log nothing

        if self._turn is None:
            self._turn = FileLock(self._path.with_name(f".{self._path.name}.lock"), timeout=LOCK_S, thread_local=False)
        return self._turn

    def handleError(self, record: logging.LogRecord) -> None:
        """Write warnings and errors to standard error if they cannot be written to the file."""
        self._close_stream()
        if record.levelno >= logging.WARNING:
            if not self._complained:
                print(f"lidarlive: {self._path} cannot be written ({sys.exc_info()[1]})", file=sys.stderr)
            self._complained = True
            print(f"lidarlive: {record.getMessage()}", file=sys.stderr)

    def _close_stream(self) -> None:
        if self.stream is not None:
            self.stream.close()
            self.stream = None  # the base class opens it for the next line


def _log_uncaught(logger: logging.Logger) -> Callable[[], None]:
    """Log uncaught exceptions, then call the previous hooks. Returns a function that restores them."""
    hook, thread_hook = sys.excepthook, threading.excepthook

    def in_main_thread(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logger.error("exception in the window", exc_info=(kind, error, trace))
        hook(kind, error, trace)

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread else "a thread"
            logger.error("exception in %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
        thread_hook(args)

    def restore() -> None:
        sys.excepthook, threading.excepthook = hook, thread_hook

    sys.excepthook, threading.excepthook = in_main_thread, in_thread
    return restore
