"""The send log contains every frame, is written immediately, and fails clearly if it cannot be written."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from capture import clock
from capture.virtual_phone.process import run_phone
from tests.support.phones import FRAMES, connect, logged, phone, read_message
from tests.support.waiting import wait_until

pytestmark = pytest.mark.phone


def is_stalled(log: Path) -> bool:
    """Whether 20 frames' time has passed since the phone last got rid of one."""
    sent = [line["sent_ns"] for line in logged(log) if "sent_ns" in line]
    return clock.now_ns() > sent[-1] + 100_000_000


def test_every_frame_is_sent_or_dropped(wire_file: Path, tmp_path: Path) -> None:
    """The client pauses after its third frame; what is sent and what is dropped meanwhile are all frames."""
    log = tmp_path / "log"
    with phone(wire_file, fps=200, send_log=log) as process:
        connection, _ = connect(process.address)
        with connection:
            for _ in range(3):
                read_message(connection)

            def drops_a_frame() -> bool:
                wait_until(lambda: is_stalled(log), "the phone waits for the client")
                for _ in range(30):
                    read_message(connection)
                return process.status().dropped > 0

            wait_until(drops_a_frame, "a dropped frame")
    status = process.status()
    lines = logged(log)
    sent = [line for line in lines if "sent_ns" in line]
    assert [line["n"] for line in lines] == list(range(len(lines)))
    assert sum(line.get("dropped", False) for line in lines) == status.dropped > 0
    assert len(sent) == status.sent >= 33
    for line in sent:
        assert line.keys() == {"n", "clip_index", "due_ns", "begun_ns", "sent_ns"}
        assert line["clip_index"] == line["n"] % FRAMES
        assert line["due_ns"] <= line["begun_ns"] <= line["sent_ns"] <= clock.now_ns()
    for a, b in pairwise(sent):
        assert abs(b["due_ns"] - a["due_ns"] - (b["n"] - a["n"]) * 5_000_000) < 1000


def test_it_outlives_the_phone(wire_file: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with phone(wire_file, fps=50, send_log=log) as process:
        connection, _ = connect(process.address)
        with connection:
            for _ in range(5):
                read_message(connection)
            wait_until(lambda: len(logged(log)) >= 5, "five lines are there while the phone lives")
            os.kill(process.pid or 0, signal.SIGKILL)
            wait_until(lambda: process.status().state == "failed", "the phone is dead")
    assert [line["n"] for line in logged(log)][:5] == [0, 1, 2, 3, 4]


def test_a_place_that_cannot_be_written(wire_file: Path, tmp_path: Path) -> None:
    final = run_phone(str(wire_file), send_log=tmp_path / "nowhere" / "log")
    assert final.state == "failed"
    assert "the send log cannot be written to" in final.error
    assert "Choose another --log" in final.error


def test_a_disk_that_is_full(wire_file: Path) -> None:
    with phone(wire_file, fps=50, send_log=Path("/dev/full")) as process:
        connection, _ = connect(process.address)
        with connection:
            wait_until(lambda: process.status().state == "failed", "the phone ends")
        assert "the send log cannot be written to /dev/full: No space left" in process.status().error
