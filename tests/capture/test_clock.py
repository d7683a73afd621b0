"""Moments that are compared are of one clock: in all modules, and in all processes of a computer."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

from capture import clock
from capture.sources.opening import open_source
from tests.support.paths import ROOT

OTHER_CLOCKS = {"monotonic_ns", "perf_counter_ns"}
FILES = [path for folder in ("app", "capture") for path in sorted((ROOT / folder).rglob("*.py"))]


def names_of_time(path: Path) -> set[str]:
    """Return what a module uses of `time`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return {node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == "time"}


def test_no_other_module_stamps_with_a_clock_of_its_own() -> None:
    stamping = {path.relative_to(ROOT).as_posix() for path in FILES if names_of_time(path) & OTHER_CLOCKS}
    assert stamping == {"capture/clock.py"}


def test_the_stand_in_phone_sends_by_the_clock_that_it_logs() -> None:
    assert not names_of_time(ROOT / "capture/virtual_phone/player.py") & {"monotonic", "perf_counter"}


def test_it_is_the_same_in_other_processes() -> None:
    command = [sys.executable, "-c", "from capture import clock; print(clock.now_ns(), clock.now_s())"]
    before_ns = clock.now_ns()
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    after_ns = clock.now_ns()
    assert before_ns < int(output[0]) < after_ns
    assert before_ns / 1e9 < float(output[1]) < after_ns / 1e9
    assert clock.now_ns() > after_ns


def test_frames_are_stamped_by_it_where_the_system_has_another_monotonic_clock(
    numbered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where `time.monotonic` counts 15.6 ms steps from another moment."""
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: 1e6 + monotonic() // 0.0156 * 0.0156)
    monkeypatch.setattr(time, "monotonic_ns", lambda: round(1e9 * time.monotonic()))
    before_ns = clock.now_ns()
    with open_source(str(numbered), replay=True) as source:
        frames = [frame for frame, _ in zip(source, range(3), strict=False)]
    stamps = [frame.received_ns for frame in frames]
    assert before_ns < stamps[0] < stamps[1] < stamps[2] < clock.now_ns()
