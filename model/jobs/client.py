"""Programs of the model's side as child processes, so that nothing in this process imports TensorFlow."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from capture.errors import LidarliveError

KILLED = 9  # SIGKILL, which Windows does not have
OUT_OF_MEMORY = "ran out of memory: close other programs, or choose a smaller size or batch"
Event = dict[str, Any]


def events_of(module: str, document: str) -> Iterator[Event]:
    """Run `python -m module` with `document` on its standard input; its events, until it is done.

    An interrupt is the child's to end cleanly. Raises LidarliveError with its own words where it ends with an error.
    """
    command = [sys.executable, "-m", module]
    with (
        contextlib.ExitStack() as before,  # whoever heard of an interrupt before does so again
        tempfile.TemporaryFile("w+") as chatter,  # TensorFlow's; of interest only where the child dies of it
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=chatter, text=True) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            before.callback(signal.signal, number, signal.signal(number, lambda *_: child.terminate()))
        child.stdin.write(document)
        child.stdin.close()
        message = ""
        for line in child.stdout:
            event: Event = json.loads(line)
            if event["event"] == "error":
                message = event["message"]
            else:
                yield event
        if child.wait():
            chatter.seek(0)
            last = chatter.read().strip().rpartition("\n")[2]
            if child.returncode == -KILLED:  # what Linux does where no memory is left
                message = f"{module} was killed by the system: it probably {OUT_OF_MEMORY}"
            raise LidarliveError(message or f"{module} ended with status {child.returncode}: {last}")


def last_event(module: str, document: str) -> Event:
    """The same to the end: its last event, while a bar on standard error shows the `progress` of the others."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    last: Event = {}
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting", total=1.0)
        for last in events_of(module, document):
            if last["event"] == "progress":
                progress.update(task, completed=last["fraction"], description=last["stage"])
    return last
