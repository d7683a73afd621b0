"""What `lidarlive inspect` prints, and gives to programs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from app.cli.inspect import inspect, summary
from app.cli.inspect_table import overall, remarks, sentences, show
from capture.recording import Recording
from tests.support.frames import make_frame, write_recording


def row(dataset: Path, name: str, at_m: float = 1.5, count: int = 4, **changes: Any) -> dict[str, Any]:
    recorded = [
        replace(f, depth_m=np.full_like(f.depth_m, at_m))
        for f in (make_frame(i, depth_size=(192, 256)) for i in range(count))
    ]
    return {**summary(Recording(write_recording(dataset, name, recorded))), **changes}


def printed(rows: list[dict[str, Any]]) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    show(rows, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_table_of_many_fits_80_columns(tmp_path: Path) -> None:
    worst = {"rgb_size": (1440, 1920), "frames": 123456, "fps": 119.9, "lost": {"phone_dropped": 1234}}
    worst |= {"disk_bytes": 123_400_000, "seconds": 5999.0, "depth_m": [0.25, 4.96], "has_confidence": False}
    rows = [row(tmp_path, name, **worst) for name in ("the-living-room-in-the-evening", "desk")]
    text = printed(rows)
    assert max(map(len, text.splitlines())) <= 80
    for words in ("1440x1920", "192x256", "123456", "99:59", "119.9", "1234", "0.2–5.0 m", "100%*", "123 MB"):
        assert text.count(words) >= 2, words
    assert "desk: lost 1234 phone_dropped" in text
    assert "the-living-room" in text


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    rows = [row(tmp_path, "near", 0.5, count=2), row(tmp_path, "far", 3.5, count=6)]
    assert overall(rows) == pytest.approx([0.25, 0, 0, 0.75, 0, 0]), "as long as each has frames"
    said = list(sentences(rows, overall(rows)))
    assert said[0] == "No data at 1–3 m, 4 m and beyond."
    assert "Hardly any data (under 2 % of the pixels) at 2–3 m." in list(
        sentences(rows, [0.5, 0.2, 0.01, 0.2, 0.1, 0.1])
    )
    text = printed(rows)
    assert "1–2 m" in text
    assert "no data" in text


def test_what_is_unusual_in_one_is_said_of_it(tmp_path: Path) -> None:
    plain = row(tmp_path, "plain")
    assert list(remarks({**plain, "survey": {**plain["survey"], "dark": 0.0, "still": None}})) == []
    odd = {**plain["survey"], "dark": 0.5, "still": {"share": 0.75, "by": "pose"}, "blurred": 3}
    said = list(remarks({**plain, "survey": odd, "status": "recovered", "note": "a\x1b[31m"}))
    assert said == [
        "status recovered",
        "note: a [31m",
        "the camera stands still in 75% of it",
        "3 of 4 pictures looked at are blurred",
        "50% of the pictures are dark",
    ]


def test_all_of_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recording(tmp_path, "known", [make_frame(i) for i in range(3)])
    assert inspect([tmp_path], as_json=True) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["path"] == str(path)
    assert found["disk_bytes"] == sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert found["confident"] == pytest.approx(767 / 768)
    assert found["depth_m"] == pytest.approx([1.0, 1.002], abs=0.002)
    assert found["survey"]["coverage"] == pytest.approx([0, 767 / 768, 0, 0, 0, 0])
    assert set(found["survey"]) == {
        *("looked_at", "coverage", "brightness", "dark", "tilt_deg", "looked_down", "looked_up", "blurred", "still")
    }


def test_an_empty_recording_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_recording(tmp_path, "empty", [make_frame(0)])
    (path / "frames.jsonl").write_bytes(b"")
    assert inspect([tmp_path], as_json=False) == 0
    assert "none" in capsys.readouterr().out
    assert inspect([tmp_path], as_json=True) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["survey"], found["confident"], found["depth_m"]) == (None, None, [None, None])
