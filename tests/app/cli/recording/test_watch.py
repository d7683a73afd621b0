"""The watch over a source that is recorded: when it ends it, and what it reports meanwhile."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.cli.recording import watch
from app.cli.recording.watch import SourceWatch
from capture.recorder.recorder import Recorder
from capture.recorder.status import RecordingStatus
from capture.sources.arrivals import ArrivalCounter, Arrivals, Diagnosis
from capture.sources.base import StateName
from tests.support.frames import QuietSource
from tests.support.waiting import wait_until


class Waiting(QuietSource):
    """A source in the state that the test sets."""

    def __init__(self, state: StateName) -> None:
        super().__init__()
        self.counter = ArrivalCounter()
        self.set_state(state, "the detail")

    def arrivals(self) -> Arrivals | None:
        return self.counter.snapshot()


Event = tuple[str, str, Diagnosis | None]


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    monkeypatch.setattr(watch, "TICK_S", 0.02)
    monkeypatch.setattr(watch, "REPORT_INTERVAL_S", 0.1)
    monkeypatch.setattr(watch, "CONNECTING_S", 0.2)
    return []


def watching(source: Waiting, seconds: float | None, events: list[Event], folder: Path) -> SourceWatch:
    def report(event: str, status: RecordingStatus, detail: str = "", diagnosis: Diagnosis | None = None) -> None:
        events.append((event, detail, diagnosis))

    recorder = Recorder(folder, "watched", source)
    recorder.stop()
    assert recorder.join(20)
    return SourceWatch(source, recorder, seconds, report)


@pytest.mark.parametrize("state", ["streaming", "waiting", "connecting"])
def test_a_source_that_waits_is_closed_after_the_time(state: StateName, reported: list[Event], tmp_path: Path) -> None:
    source, began_s = Waiting(state), time.monotonic()
    with watching(source, 0.3, reported, tmp_path):
        wait_until(lambda: source.closed, "the end")
    assert time.monotonic() - began_s >= (0.5 if state == "connecting" else 0.3)


def test_what_is_being_prepared_is_not_waited_for_yet(reported: list[Event], tmp_path: Path) -> None:
    source = Waiting("preparing")
    with watching(source, 0.1, reported, tmp_path):
        until_s = time.monotonic() + 0.6
        wait_until(lambda: time.monotonic() > until_s, "much longer than the time")
        assert not source.closed
        source.set_state("streaming")
        wait_until(lambda: source.closed, "the end")


def test_a_problem_is_reported_again_and_again_while_it_lasts(reported: list[Event], tmp_path: Path) -> None:
    source = Waiting("streaming")
    with watching(source, None, reported, tmp_path):
        source.counter.connected()
        source.counter.refused("damaged", "x")
        wait_until(lambda: len(reported) > 1, "two reports")
        source.counter.intact_frame()
    (event, _, diagnosis), *_ = reported
    assert event == "waiting"
    assert diagnosis is not None
    assert diagnosis.found == "1 frame, damaged: x"
    assert not source.closed


def test_without_a_phone_the_detail_is_reported(reported: list[Event], tmp_path: Path) -> None:
    source = Waiting("waiting")
    with watching(source, None, reported, tmp_path):
        wait_until(lambda: bool(reported), "a report")
    assert reported[0] == ("waiting", "the detail", None)


def test_a_short_break_is_no_problem(reported: list[Event], tmp_path: Path) -> None:
    """The phone has hung up and is connected to again; the diagnosis follows if that lasts."""
    source = Waiting("waiting")
    source.counter.connected()
    with watching(source, 0.5, reported, tmp_path):
        wait_until(lambda: source.closed, "the end")
    assert reported == []
