"""The status lines of the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.session.live_accuracy import Accuracy, DistanceBin
from app.session.live_session import LiveStatus
from app.session.predictor_thread import PredictorStatus
from app.session.status_text import (
    accuracy_line,
    accuracy_tool_tip,
    causes,
    recording_line,
    recording_tool_tip,
    status_line,
    status_tool_tip,
    waiting_text,
)
from capture.recorder.status import Part, RecordingStatus
from capture.usb.usbmuxd import NOT_STREAMING


def test_status_line_names_rates_weights_and_losses() -> None:
    predicting = PredictorStatus(per_s=24.2, mean_ms=8.25)
    status = LiveStatus("iPhone", "streaming", fps=29.6, predicting=predicting, lost={"torn": 2})
    assert status_line(status) == "30 frames/s  ·  inference 8.2 ms  ·  24 predictions/s  ·  no weights  ·  2 lost"
    assert status_line(LiveStatus("iPhone", "streaming")) == "0 frames/s  ·  no weights  ·  0 lost"
    assert "loading weights" in status_line(LiveStatus("iPhone", "streaming", predicting=PredictorStatus(loading=True)))
    assert "possibly" not in status_tool_tip(status).lower()
    possibly = LiveStatus("iPhone", "streaming", lost={"torn": 2}, possibly_lost=5)
    assert status_line(possibly).endswith("2 lost  ·  5 possibly lost before USB")
    assert "torn 2\nPossibly lost before USB: 5" in status_tool_tip(possibly)
    assert causes({"disk_slow": 3, "disconnected": 1, "torn": 0}) == "disk slow 3, disconnected 1"
    assert causes({}) == "none"


def test_the_delay_and_what_it_means() -> None:
    status = LiveStatus("iPhone", "streaming", fps=60.0, delay_s=0.0264)
    assert status_line(status).endswith("0 lost  ·  delay 26 ms")
    assert "from the arrival of a frame until it is drawn; its time of capture is unknown" in status_tool_tip(status)
    of_capture = status_tool_tip(replace(status, delay_of_capture=True))
    assert "from the capture of a frame, by the camera's clock, until it is drawn; less the time" in of_capture
    assert "arrival of a frame" not in of_capture
    assert "Delay" not in status_tool_tip(replace(status, delay_s=None))


def test_accuracy_is_said_in_one_line_and_by_distance() -> None:
    bins = (DistanceBin(0, 0.042, 0.25), DistanceBin(3, 1.31, 0.75))
    accuracy = Accuracy(rmse_m=0.1236, abs_rel=0.0412, delta1=0.975, scale_ratio=1.019, bins=bins)
    assert accuracy_line(accuracy) == "RMSE 12.4 cm  ·  AbsRel 4.1%  ·  δ1 97.5%  ·  scale 1.02"
    assert accuracy_line(None) == ""
    tip = accuracy_tool_tip(accuracy)
    assert "0 to 1 m: RMSE 4.2 cm, 25% of the readings\n3 to 4 m: RMSE 1.31 m, 75% of the readings" in tip
    assert accuracy_tool_tip(None) in tip


def test_recording_line_before_and_after_the_end() -> None:
    running = RecordingStatus("walk", written=371, seconds=72.4, lost={"disk_slow": 3})
    assert recording_line(running) == "01:12   371 frames, 3 lost"
    assert recording_line(replace(running, left_s=5043.0)).endswith("3 lost   disk for 84 min")
    assert recording_line(replace(running, left_s=36_000.0)).endswith("disk for 10 h")
    saving = RecordingStatus("walk", written=371, seconds=72.4, saving=0.42, possibly_lost=2)
    assert recording_line(saving) == "Saving… 42%   371 frames, 0 lost"
    assert recording_tool_tip(saving) == "Frames lost: none\nPossibly lost before USB: 2"
    path = Path("/data/2025-01-01T10-00-00Z_walk")
    ended = RecordingStatus("walk", path, 371, 72.4, {}, finished=True)
    assert recording_line(ended) == "Recorded 371 frames, 0 lost: 2025-01-01T10-00-00Z_walk"
    parts = (Part(path, 371), Part(path.with_name(f"{path.name}-2"), 29))
    in_parts = replace(ended, written=400, path=parts[1].path, parts=parts)
    names = "2025-01-01T10-00-00Z_walk 371, 2025-01-01T10-00-00Z_walk-2 29"
    assert recording_line(in_parts) == f"Recorded 400 frames, 0 lost: {names}"
    assert recording_line(RecordingStatus("walk", finished=True)) == "Nothing was recorded"


@pytest.mark.parametrize(
    ("status", "large", "small"),
    [
        (LiveStatus("Demo room (no phone found)", "preparing", prepared=0.4), "Drawing the demo room… 40%", "once"),
        (LiveStatus("desk.r3d", "preparing", prepared=0.9), "Preparing desk.r3d… 90%", "prepared for playing"),
        (LiveStatus("iPhone", "waiting", "no phone"), "Waiting for the phone…", "no phone\n\nThen in the Record3D app"),
        (LiveStatus("iPhone", "waiting", NOT_STREAMING), "Waiting for the phone…", NOT_STREAMING),
        (LiveStatus("iPhone", "connecting", "connecting to the phone"), "Connecting to iPhone…", "connecting"),
        (LiveStatus("iPhone", "failed", "no usbmuxd"), "No picture", "no usbmuxd"),
        (LiveStatus("desk.r3d", "ended"), "desk.r3d has ended", ""),
    ],
)
def test_the_empty_window_says_what_happens_and_what_to_do(status: LiveStatus, large: str, small: str) -> None:
    headline, detail = waiting_text(status)
    assert headline == large
    assert small in detail
