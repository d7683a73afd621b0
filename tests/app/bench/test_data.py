"""The benchmark of recordings on disk, with few frames: all measures are there, and misses are reported."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.bench.data import Measured, Sizes, bench_data, goals

GOOD = Measured(5.0, 0.2, 2.4, 100.0, 340.0, 95.0, 98.0)


@pytest.mark.slow
def test_every_measure_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_data(True, Sizes(checked=8, imported=4, long=12, opened=500)) == 0
    document = json.loads(capsys.readouterr().out)
    assert all(value > 0 for value in document["measured"].values())
    assert [goal["limit"] for goal in document["goals"]] == [12.0, 1.0, pytest.approx(0.12), 150.0, 500.0, 500.0]


def test_goals() -> None:
    assert all(goal.met for goal in goals(GOOD, Sizes()))
    slow = replace(GOOD, import_fps=149.0, check_s=15.1, long_import_mb=501.0)
    assert [goal.met for goal in goals(slow, Sizes())] == [True, True, False, False, False, True]
