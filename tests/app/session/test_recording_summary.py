"""A recording at a glance."""

from __future__ import annotations

from pathlib import Path

from app.session.recording_summary import summary
from app.widgets.recording_row import tool_tip
from capture.inspection.survey import METRES
from tests.support.frames import make_frame, write_recording


def test_a_summary_says_what_was_recorded(numbered: Path):
    found = summary(numbered)
    assert (found.name, found.frames, found.length, found.problem, found.lost) == ("numbered", 60, "0:01", "", {})
    assert found.thumbnail is not None
    assert found.thumbnail.shape == (160, 120, 3)  # half of 240x320: a quarter would be too small
    assert abs(int(found.thumbnail.mean()) - 30) <= 1  # of the frame in the middle
    assert found.began.endswith(f"{summary(numbered).created_utc[14:16]}")
    assert "60 frames in 0:01" in tool_tip(found)
    assert len(found.coverage) == METRES + 1
    assert found.coverage[1] > 0.99, "all of it is a metre away"


def test_what_cannot_be_read_says_why(tmp_path: Path):
    folder = write_recording(tmp_path, "torn", [make_frame(i) for i in range(3)])
    (folder / "depth" / "000001.png").unlink()
    found = summary(folder)
    assert "000001.png" in found.problem
    assert found.problem in tool_tip(found)
    (folder / "frames.jsonl").write_bytes(b"")
    assert summary(folder).problem == "no frames"
    (folder / "recording.json").write_text("{")
    assert "recording.json" in summary(folder).problem
