"""A recording at a glance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.recording_row import tool_tip
from app.recording_summary import METRES, coverage, summary
from capture.recording import Recording
from tests.frames import make_frame, write_recording


def test_a_summary_says_what_was_recorded(numbered: Path):
    found = summary(numbered)
    assert (found.name, found.frames, found.length, found.problem, found.lost) == ("numbered", 60, "0:01", "", {})
    assert found.thumbnail is not None
    assert found.thumbnail.shape == (160, 120, 3)  # half of 240x320: a quarter would be too small
    assert abs(int(found.thumbnail.mean()) - 30) <= 1  # of the frame in the middle
    assert found.began.endswith(f"{summary(numbered).created_utc[14:16]}")
    assert "60 frames in 0:01" in tool_tip(found)


def test_coverage_counts_confident_readings_by_metre(tmp_path: Path):
    depth = np.zeros((10, 10), np.float32)
    depth[0], depth[1], depth[2], depth[3] = 0.5, 1.0, 4.99, 7
    confidence = np.full((10, 10), 2, np.uint8)
    confidence[1, :5] = 1
    frame = replace(make_frame(0, depth_size=(10, 10)), depth_m=depth, confidence=confidence)
    shares = coverage(Recording(write_recording(tmp_path, "known", [frame])))
    assert shares == pytest.approx((0.1, 0.05, 0, 0, 0.1, 0.1))
    assert len(shares) == METRES + 1
    believed = replace(frame, confidence=None)
    assert coverage(Recording(write_recording(tmp_path, "believed", [believed])))[1] == pytest.approx(0.1)


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
