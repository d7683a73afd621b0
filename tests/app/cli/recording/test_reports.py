"""What `record` prints of a recording on a terminal, and what as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text

from app.cli.recording.reports import TerminalReport, print_event
from capture.recorder.status import Part, RecordingStatus
from capture.sources.arrivals import Arrivals, diagnose


def test_a_terminal_shows_the_progress_of_saving() -> None:
    shown: list[str] = []

    class Line:
        def update(self, text: Text) -> None:
            shown.append(str(text))

    status = RecordingStatus("walk", written=30, seconds=0.5, possibly_lost=2, saving=0.5)
    TerminalReport(Console(), Line())("saving", status)
    assert shown == ["saving 50%  0.5 s, 30 frames, lost: none, possibly lost before USB: 2"]


def test_a_problem_is_a_line_once_and_its_counts_are_shown_while_it_lasts(capsys: pytest.CaptureFixture[str]) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=60)
    report = TerminalReport(console, Live(console=console, auto_refresh=False))
    status = RecordingStatus("walk")
    for seconds in (2, 3, 4):
        report("waiting", status, "", diagnose(Arrivals(seconds)))
    assert output.getvalue().count("red record button again") == 1, "not broken into lines either"
    report("progress", status, "")
    report("waiting", status, "", diagnose(Arrivals(5)))
    assert output.getvalue().count("the phone sent nothing in 5 s: unlock") == 1, "it is another one after frames"
    assert capsys.readouterr() == ("", "")


def test_where_there_is_no_terminal_the_line_is_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO())
    report = TerminalReport(console, Live(console=console, auto_refresh=False))
    for seconds in (2, 3, 4):
        report("waiting", RecordingStatus("walk"), "", diagnose(Arrivals(seconds, damaged=9, damage="[x]")))
    assert capsys.readouterr().err.startswith("lidarlive: 9 frames, all damaged: [x]: update Record3D")
    report("waiting", RecordingStatus("walk"), "no phone found")
    assert capsys.readouterr().err == "lidarlive: no phone found\n"


def test_the_result_of_one_part_and_of_several(capsys: pytest.CaptureFixture[str]) -> None:
    parts = (Part(Path("data/a"), 1), Part(Path("data/a-2"), 2))
    console = Console(file=io.StringIO())
    report = TerminalReport(console, Live(console=console, auto_refresh=False))
    report("done", RecordingStatus("a", parts[0].path, written=1, seconds=2, parts=parts[:1]))
    report("done", RecordingStatus("a", parts[1].path, written=3, seconds=2, parts=parts))
    assert capsys.readouterr().out.splitlines() == [
        "data/a: 2.0 s, 1 frame, lost: none",
        "data/a (1 frame), data/a-2 (2 frames): 2.0 s, 3 frames, lost: none",
    ]


def test_keys_of_the_events(capsys: pytest.CaptureFixture[str]) -> None:
    status = RecordingStatus("a", Path("data/a"), written=1, parts=(Part(Path("data/a"), 1),))
    for event in ("started", "progress", "waiting", "saving", "done", "failed"):
        print_event(event, status, "no phone found")
    events = {event.pop("event"): event for event in map(json.loads, capsys.readouterr().out.splitlines())}
    always = {"path", "written", "left_out", "lost", "possibly_lost", "seconds"}
    assert set(events["started"]) == set(events["progress"]) == always
    assert set(events["saving"]) == {*always, "saving"}
    assert set(events["done"]) == {*always, "parts"}
    assert set(events["waiting"]) == set(events["failed"]) == {*always, "problem", "found", "fix"}
    assert (events["waiting"]["problem"], events["waiting"]["found"]) == (None, "no phone found")
