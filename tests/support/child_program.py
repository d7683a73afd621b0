"""A program for `model.jobs.client` to run: does what its document asks, as trainer and benchmark do."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import ClassVar

from capture.errors import LidarliveError
from model.events import Event, OnEvent
from model.jobs import worker


@dataclass(frozen=True)
class Began(Event):
    """The document arrived."""

    event: ClassVar[str] = "started"
    document: str


@dataclass(frozen=True)
class Ended(Event):
    """The program is done."""

    event: ClassVar[str] = "done"


def work(document: str, on_event: OnEvent) -> None:
    on_event(Began(document))
    if document == "chatter":
        print("not an event")
        os.write(1, b"nor is this\n")
    elif document == "refuse":
        raise LidarliveError("no good. Received: refuse")
    elif document == "die":
        print("died of it", file=sys.stderr, flush=True)
        os._exit(7)
    elif document == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif document == "wait":
        time.sleep(60)
    elif document in ("swallow", "change"):
        try:
            time.sleep(60)
        except BaseException:
            if document == "change":
                raise TypeError("of another kind") from None
    on_event(Ended())


if __name__ == "__main__":
    sys.exit(worker.answer(work, "stopped in the middle"))
