"""The benchmark of the start: the real command with and without a phone, and what is made of the moments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.bench.capture.numbered_clip import CLIP_FRAMES, clip_path, numbered
from app.bench.start import Start, bench_start, goals
from capture.errors import LidarliveError
from tests.support.frames import encoded_message, make_frame

pytestmark = pytest.mark.slow


def test_a_window_comes_with_a_phone_and_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIDARLIVE_CACHE", str(tmp_path))
    blank = make_frame(0, (720, 960), (192, 256))
    clip_path((720, 960)).write_bytes(b"".join(encoded_message(numbered(blank, n)) for n in range(CLIP_FRAMES)))
    assert bench_start(1, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    for start in (document["first"], *document["streaming"]):
        assert 0 < start["window_s"] <= start["prediction_s"]
    (idle,) = document["idle"]
    assert idle["window_s"] > 0
    assert idle["prediction_s"] is None
    assert 30 < idle["memory_mb"] < 2000
    assert [goal["limit"] for goal in document["goals"]] == [1.0, 2.0, 300.0]


def test_goals_are_of_medians_and_what_never_came_is_missed() -> None:
    streaming = [Start(0.5, 1.5, 350.0), Start(0.7, 1.6, 350.0), Start(3.0, None, 350.0)]
    found = {goal.what.split(",")[0]: goal for goal in goals(streaming, [Start(0.5, None, 200.0)])}
    assert found["window painted"].measured == 0.7
    assert found["first prediction painted"].measured == 1.6
    assert [goal.met for goal in found.values()] == [True, True, True]
    never = goals([Start(0.5, None, 350.0)], [Start(0.5, None, 400.0)])
    assert [goal.met for goal in never] == [True, False, False]


def test_a_window_that_cannot_be_started_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.bench import start

    monkeypatch.setattr(start, "PROBE", "tests.no_such_program")
    with pytest.raises(LidarliveError, match=r"could not be started: .*no_such_program"):
        start.start_once("UNIX:/nowhere", tmp_path)
