"""Signal handlers for the duration of a command."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def signal_handlers(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Handle the signals with `handler` and restore the handlers of before. For the main thread only."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, signal.SIG_DFL if previous is None else previous)


def sigterm_interrupts() -> AbstractContextManager[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does."""
    return signal_handlers(signal.default_int_handler, signal.SIGTERM)
