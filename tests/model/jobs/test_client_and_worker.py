"""Child processes that send events: what reaches the parent, and how it reports an end without a result."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from capture.errors import LidarliveError
from model.events import Event
from model.jobs import client
from tests.support.child_program import Began, Ended

PROGRAM = "tests.support.child_program"


def events_of(program: str, document: str) -> Iterator[Event]:
    return client.events_of(program, document, (Began, Ended))


@pytest.mark.parametrize("document", ["", "chatter"])
def test_events_and_nothing_else_arrive(document: str):
    assert list(events_of(PROGRAM, document)) == [Began(document), Ended()]


def test_what_the_child_refuses_is_said_in_its_words():
    events = events_of(PROGRAM, "refuse")
    assert isinstance(next(events), Began)
    with pytest.raises(LidarliveError, match=r"^no good\. Received: refuse$"):
        next(events)


def test_a_child_that_dies_leaves_its_last_words():
    with pytest.raises(LidarliveError, match=r"tests\.support\.child_program ended with status 7: died of it"):
        list(events_of(PROGRAM, "die"))


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_child_that_is_killed_has_run_out_of_memory():
    with pytest.raises(
        LidarliveError, match=r"^tests\.support\.child_program was killed by the system: it probably ran out"
    ):
        list(events_of(PROGRAM, "killed"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that a process can send itself like this")
@pytest.mark.parametrize("document", ["wait", "swallow", "change"])
def test_an_interrupt_ends_the_child_and_is_heard_again_afterwards(document: str):
    """Also where the work does with it what TensorFlow's C++ now and then does."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    events = events_of(PROGRAM, document)
    assert isinstance(next(events), Began)
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(LidarliveError, match=r"^stopped in the middle$"):
        next(events)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
