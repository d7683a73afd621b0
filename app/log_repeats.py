"""Collapse repeated log records, so that neither the log nor the window is flooded."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

PERIOD_S = 10.0
MAX_TEXTS = 20  # of one kind of message in a period; the same text passes once
MAX_KINDS = 200  # that are remembered: more than the program has


@dataclass
class _Kind:
    """What was logged of one kind since `began_s`. `newest` is of those left out."""

    began_s: float
    texts: set[str] = field(default_factory=set)
    left_out: int = 0
    newest: logging.LogRecord | None = None


class Repeats:
    """Passes a text once in PERIOD_S, and of one kind of message at most MAX_TEXTS texts. Any thread may call it.

    A kind is a logger, a level and a format string. What was left out is counted by a record of its own, before the
    next one of that kind that passes, or at the end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._kinds: dict[tuple[str, int, str], _Kind] = {}

    def passing(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """Return what to log now: nothing, the record, or a count and the record."""
        key, text, now_s = (record.name, record.levelno, str(record.msg)), one_line(record), self._clock()
        with self._lock:
            kind = self._kinds.pop(key, None) or _Kind(now_s)
            counted = []
            if now_s - kind.began_s >= PERIOD_S:
                counted, kind = _counted(kind), _Kind(now_s)
            self._kinds[key] = kind  # at the end: the first one is the one that was quiet for longest
            if text in kind.texts or len(kind.texts) == MAX_TEXTS:
                kind.left_out, kind.newest = kind.left_out + 1, record
                return counted
            kind.texts.add(text)
            if len(self._kinds) > MAX_KINDS:
                counted += _counted(self._kinds.pop(next(iter(self._kinds))))
            return [*counted, record]

    def remaining(self) -> list[logging.LogRecord]:
        """Return the counts that no later record has brought."""
        with self._lock:
            kinds = list(self._kinds.values())
            self._kinds.clear()
        return [record for kind in kinds for record in _counted(kind)]


def one_line(record: logging.LogRecord) -> str:
    """Return the message, and type and text of its exception, in one line."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        described = f"{type(error).__name__}: {error}"
        text = text if str(error) and str(error) in text else f"{text} ({described})"
    return " ".join(text.split())


def _counted(kind: _Kind) -> list[logging.LogRecord]:
    newest = kind.newest
    if newest is None:
        return []
    arguments = kind.left_out, one_line(newest)
    text = "%d more like this, the last one: %s"
    return [logging.LogRecord(newest.name, newest.levelno, newest.pathname, newest.lineno, text, arguments, None)]
