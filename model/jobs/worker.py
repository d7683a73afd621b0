"""A program of its own beside the command line: a document on standard input, one JSON event a line on standard output.

The document is one line. Where the work can be ended early, a second line, `stop`, asks for that. The last event is
the work's own, or {"event": "error", "message"}; the exit status is 0 or 1.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, BinaryIO

from capture.errors import LidarliveError

OnEvent = Callable[[dict[str, Any]], None]
ENOUGH = "stop"  # the line that asks for an early end


class Stopped(BaseException):
    """The work was asked to end. No Exception: Keras and TensorFlow catch those, to go on or to say more of them."""


def prepare_tensorflow() -> None:
    """Settings that it reads when it is imported; what a person has set stays."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # By itself TensorFlow takes oneDNN on few processors only; on an AVX2 one a convolution's training step takes
    # 0.5 to 0.9 of the time with it, a batch normalisation's 0.4.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def answer(work: Callable[[str, OnEvent], None], when_stopped: str, enough: threading.Event | None = None) -> int:
    """Do the `work` on the document on standard input, and tell its events; returns the exit status.

    `enough`, where given, is set once the parent asks for an early end: a thread named `asker` blocks on standard input
    until then. `when_stopped` is the error's message where SIGTERM or SIGINT ends it and the work has no words of its
    own. Where `Stopped` does not come through, as in TensorFlow's C++, the next event raises it again.
    """
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        # Ctrl-C comes twice, by the terminal and through the parent; the second must not interrupt the clearing up.
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    # TensorFlow writes where it likes: whatever is not an event goes to standard error.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as events:
        os.dup2(2, 1)
        prepare_tensorflow()

        def tell(event: dict[str, Any]) -> None:
            print(json.dumps(event), file=events, flush=True)

        def emit(event: dict[str, Any]) -> None:
            if stopping:
                raise Stopped
            tell(event)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        try:
            asked = _standard_input()
            document = asked.readline().decode()
            if enough is not None:
                threading.Thread(target=_wait_to_be_asked, args=(asked, enough), name="asker", daemon=True).start()
            work(document, emit)
        except BaseException as error:
            told = isinstance(error, LidarliveError | Stopped | OSError)
            if not told and not stopping:
                raise
            message = (told and str(error)) or when_stopped
            print(message, file=sys.stderr)
            with contextlib.suppress(OSError):  # nobody may be listening any more
                tell({"event": "error", "message": message})
            return 1
    return 0


def _standard_input() -> BinaryIO:
    """Standard input for us alone, without a buffer; whoever else looks at it finds it empty.

    A thread that waits for a line may then be left behind: Python's own sys.stdin would be locked when the process
    ends, and on Windows a library that asks what standard input is would wait with it.
    """
    own = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return os.fdopen(own, "rb", buffering=0)


def _wait_to_be_asked(asked: BinaryIO, enough: threading.Event) -> None:
    for line in asked:
        if line.strip().decode(errors="replace") == ENOUGH:
            enough.set()
