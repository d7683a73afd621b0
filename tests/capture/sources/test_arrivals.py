"""Counts of what arrives, and the diagnosis that follows from them."""

from __future__ import annotations

import pytest

from capture.sources.arrivals import ArrivalCounter, Arrivals, diagnose
from capture.usb.remedies import Problem, remedy


@pytest.mark.parametrize(
    ("arrivals", "problem", "found"),
    [
        (Arrivals(3.2), "SILENT", "the phone sent nothing in 3 s"),
        (Arrivals(0.3), "SILENT", "the phone sent nothing in 0.3 s"),
        (Arrivals(3, end="the phone closed the stream"), "SILENT", "the phone closed the stream and had sent nothing"),
        (Arrivals(3, received_bytes=70), "SILENT", "the phone sent 70 bytes, but no complete frame in 3 s"),
        (Arrivals(3, 70, damaged=1, damage="x"), "DAMAGED", "1 frame, damaged: x"),
        (Arrivals(3, 70, damaged=9, damage="x"), "DAMAGED", "9 frames, all damaged: x"),
        (Arrivals(3, 70, oversized=2, oversize="x"), "TOO_LARGE", "2 frames, all too large: x"),
        (Arrivals(3, 70, other_age=4), "OLD_APP", "4 frames, all in the format of Record3D 1.7 to 1.9"),
        (
            Arrivals(3, 70, damaged=5, damage="x", oversized=2, oversize="y", other_age=1),
            "DAMAGED",
            "8 frames, none intact; 5 damaged: x",
        ),
        (Arrivals(3, 70, unreadable="not a Record3D stream"), "DAMAGED", "not a Record3D stream"),
        (Arrivals(3, crashes=1, crash="it crashed"), "CRASHED", "it crashed"),
        (Arrivals(3, 70, undecoded=1, crashes=2, crash="it crashed"), "CRASHED", "it crashed, 2 times"),
        (Arrivals(3, 70, undecoded=8), "UNSTEADY", "8 frames arrived, none decoded in 3 s"),
    ],
)
def test_why_no_frame_arrives(arrivals: Arrivals, problem: str, found: str) -> None:
    diagnosis = diagnose(arrivals)
    assert (diagnosis.problem.name, diagnosis.found) == (problem, found)
    assert diagnosis.fix == remedy(Problem[problem])
    assert str(diagnosis) == f"{found}: {diagnosis.fix}"


def test_the_title_stays_while_counts_change() -> None:
    titles = {diagnose(Arrivals(n, n, damaged=n, damage=str(n))).title for n in (1, 2, 90)}
    assert len(titles) == 1


def test_counting_begins_with_the_connection_and_anew_with_each_frame() -> None:
    counter = ArrivalCounter()
    counter.received(5)
    assert counter.snapshot() is None, "no phone is connected"
    counter.connected()
    counter.received(5)
    counter.refused("damaged", "a", 2)
    counter.refused("damaged", "b")
    counter.refused("oversized", "c")
    counter.refused("other_age", "d")
    counter.ended("over")
    counter.connected()
    found = counter.snapshot()
    assert found is not None
    assert found.waited_s >= 0
    assert (found.received_bytes, found.damaged, found.damage, found.oversized, found.oversize, found.other_age) == (
        *(5, 3, "b", 1, "c", 1),
    )
    assert found.end == "over", "another connection is the same wait"
    counter.intact_frame()
    found = counter.snapshot()
    assert found is not None
    assert Arrivals(found.waited_s) == found
    counter.disconnected()
    assert counter.snapshot() is None


def test_a_process_that_dies_before_it_connects_is_counted() -> None:
    counter = ArrivalCounter()
    counter.crashed("it crashed")
    counter.crashed("it crashed")
    found = counter.snapshot()
    assert found is not None
    assert (found.crashes, found.crash) == (2, "it crashed")
