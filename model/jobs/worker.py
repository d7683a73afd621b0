"""Child side of a job: a document on standard input, one JSON event a line on standard output.

The document is one line. Where the job can be ended early, a second line, `stop`, requests it. The last event is the
job's own, or {"event": "error", "message"}; the exit status is 0 or 1.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import BinaryIO

from capture.errors import LidarliveError
from model.events import Event, Failed, OnEvent, encode

STOP_LINE = "stop"  # requests an early end


class Stopped(BaseException):
    """The job was asked to end. Not an Exception: Keras and TensorFlow catch those and continue."""


# Instruction sets on which oneDNN has no bfloat16 convolution (its documentation, "Data Types").
WITHOUT_BFLOAT16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI")


def prepare_tensorflow() -> None:
    """Set environment variables that TensorFlow reads at import; those that are set already stay."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # By default TensorFlow uses oneDNN on few processors only; on an AVX2 one a convolution's training step takes
    # 0.5 to 0.9 of the time with it, a batch normalisation's 0.4. On a processor that has bfloat16, TensorFlow expects
    # oneDNN to have it too, and fails if oneDNN is limited to an instruction set without it.
    limited = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in WITHOUT_BFLOAT16
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0" if limited else "1")


def answer(work: Callable[[str, OnEvent], None], when_stopped: str, stop_early: threading.Event | None = None) -> int:
    """Run `work` on the document on standard input and write its events; returns the exit status.

    `stop_early`, where given, is set once the parent requests an early end: a thread named `asker` blocks on standard
    input until then. `when_stopped` is the error's message where SIGTERM or SIGINT ends the job and `work` gives no
    message. Where `Stopped` is swallowed, as TensorFlow's C++ does now and then, the next event raises it again.
    """
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        # Ctrl-C arrives twice, from the terminal and from the parent; the second must not interrupt the cleanup.
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    # TensorFlow prints to standard output: send everything but events to standard error.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as events:
        os.dup2(2, 1)
        prepare_tensorflow()

        def write(event: Event) -> None:
            print(encode(event), file=events, flush=True)

        def on_event(event: Event) -> None:
            if stopping:
                raise Stopped
            write(event)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        try:
            standard_input = _take_standard_input()
            document = standard_input.readline().decode()
            if stop_early is not None:
                arguments = standard_input, stop_early
                threading.Thread(target=_wait_for_stop, args=arguments, name="asker", daemon=True).start()
            work(document, on_event)
        except BaseException as error:
            has_message = isinstance(error, LidarliveError | Stopped | OSError)
            if not has_message and not stopping:
                raise
            message = (has_message and str(error)) or when_stopped
            print(message, file=sys.stderr)
            with contextlib.suppress(OSError):  # the parent may be gone
                write(Failed(message))
            return 1
    return 0


def _take_standard_input() -> BinaryIO:
    """Take file descriptor 0 for this module, unbuffered, and point standard input at the null device.

    A thread that waits for a line can then be left behind: Python's own sys.stdin would be locked when the process
    ends, and on Windows a library that asks for the type of standard input would wait with it.
    """
    own = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return os.fdopen(own, "rb", buffering=0)


def _wait_for_stop(standard_input: BinaryIO, stop_early: threading.Event) -> None:
    for line in standard_input:
        if line.strip().decode(errors="replace") == STOP_LINE:
            stop_early.set()
