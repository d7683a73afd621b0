"""Run a job of the model in a child process and read its events, so that this process imports no TensorFlow."""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

from capture.errors import LidarliveError
from model.events import E, Event, Failed, Kinds, Progress, decode

KILLED = 9  # SIGKILL, which Windows does not have
TAIL_LINES = 40  # of a crashed child's standard error, for the log: a traceback
OUT_OF_MEMORY = "ran out of memory: close other programs, or choose a smaller size or batch"

logger = logging.getLogger("lidarlive.trainer")


def events_of(module: str, document: str, kinds: Kinds) -> Iterator[Event]:
    """Run `python -m module` with `document` on its standard input and yield its events, which are of `kinds`.

    SIGINT and SIGTERM are passed on to the child, which ends cleanly. Raises LidarliveError where the child fails, with
    the child's own message where it has one.
    """
    command = [sys.executable, "-m", module]
    with (
        contextlib.ExitStack() as handlers,  # restores the signal handlers
        tempfile.TemporaryFile("w+") as chatter,  # TensorFlow's standard error: read only where the child crashes
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=chatter, text=True) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers.callback(signal.signal, number, signal.signal(number, lambda *_: child.terminate()))
        child.stdin.write(document)
        child.stdin.close()
        logger.info("%s started, process %d", module, child.pid)
        message = ""
        for line in child.stdout:
            event = decode(line, kinds)
            if isinstance(event, Failed):
                message = event.message
            else:
                yield event
        if child.wait():
            chatter.seek(0)
            lines = chatter.read().strip().splitlines()[-TAIL_LINES:]
            last = lines[-1] if lines else ""
            if child.returncode == -KILLED:  # what Linux does where no memory is left
                message = f"{module} was killed by the system: it probably {OUT_OF_MEMORY}"
            if not message:  # the child found no words for it
                logger.error("%s ended with status %d:\n%s", module, child.returncode, "\n".join(lines))
            message = message or f"{module} ended with status {child.returncode}: {last}"
            logger.info("%s ended: %s", module, message)
            raise LidarliveError(message)
        logger.info("%s ended", module)


def result_of(
    module: str, document: str, kind: type[E], on_progress: Callable[[Progress], None] = lambda event: None
) -> E:
    """Run a job to its end and return its last event, which is of `kind`.

    Raises LidarliveError as `events_of` does.
    """
    result = None
    for event in events_of(module, document, (Progress, kind)):
        if isinstance(event, Progress):
            on_progress(event)
        elif isinstance(event, kind):
            result = event
    if result is None:
        raise LidarliveError(f"{module} ended without a result")
    return result
