"""The recorder takes every frame, keeps order, and counts what it cannot take."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from capture import recorder as recorder_module
from capture.recorder import Recorder
from capture.recording import Dataset
from tests.frames import make_frame


def test_every_frame_in_order(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "all", source="test", source_losses=dict)
    for i in range(100):
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    status = recorder.status()
    assert (status.written, status.lost, status.error) == (100, {}, "")
    (recording,) = Dataset(tmp_path)
    assert [line.stream_index for line in recording.lines()] == list(range(100))
    assert all(line.time_utc and line.time_utc.endswith("Z") for line in recording.lines())
    recorder.offer(make_frame(100))
    assert recorder.status().written == 100, "a stopped recorder takes nothing"


def test_losses_of_the_source_are_counted_from_the_start_of_the_recording(tmp_path: Path) -> None:
    losses = {"ring_full": 5}
    recorder = Recorder(tmp_path, "lossy", source="test", source_losses=lambda: losses)
    recorder.offer(make_frame(0))
    losses = {"ring_full": 7, "disconnected": 1}
    recorder.offer(make_frame(4))
    recorder.stop()
    losses = {"ring_full": 100}
    assert recorder.join(20)
    assert recorder.status().lost == {"ring_full": 2, "disconnected": 1}
    (recording,) = Dataset(tmp_path)
    assert recording.info.lost == {"ring_full": 2, "disconnected": 1}


def test_no_room_is_counted_and_never_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MAX_RAW_BYTES", 10)
    recorder = Recorder(tmp_path, "tiny", source="test", source_losses=dict)
    for i in range(5):
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    assert recorder.status().lost == {"encoder_full": 5}
    assert recorder.status().written == 0


def test_a_change_in_mid_stream_opens_a_second_recording(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "turn", source="test", source_losses=dict)
    for i in range(6):
        recorder.offer(make_frame(i) if i < 3 else make_frame(i, rgb_size=(96, 72), depth_size=(32, 24)))
    recorder.stop()
    assert recorder.join(20)
    assert recorder.status().written == 6
    assert sorted((r.info.name, len(r), r.info.status) for r in Dataset(tmp_path)) == [
        ("turn", 3, "closed"),
        ("turn-2", 3, "closed"),
    ]


def test_each_part_has_its_own_losses(tmp_path: Path) -> None:
    losses = {"ring_full": 0}
    recorder = Recorder(tmp_path, "turn", source="test", source_losses=lambda: losses)
    recorder.offer(make_frame(0))
    while recorder.status().written < 1:
        time.sleep(0.01)
    losses = {"ring_full": 2}
    recorder.offer(make_frame(3, rgb_size=(96, 72), depth_size=(32, 24)))
    while recorder.status().written < 2:
        time.sleep(0.01)
    losses = {"ring_full": 3}
    recorder.stop()
    assert recorder.join(20)
    assert [r.info.lost for r in Dataset(tmp_path)] == [{"ring_full": 2}, {"ring_full": 1}]
    assert recorder.status().lost == {"ring_full": 3}


def test_frames_that_come_while_it_stops_are_written_or_refused(tmp_path: Path) -> None:
    for attempt in range(20):
        recorder = Recorder(tmp_path / str(attempt), "race", source="test", source_losses=dict)
        stopper = threading.Thread(target=recorder.stop)
        for i in range(10):
            recorder.offer(make_frame(i))
            if i == 5:
                stopper.start()
        stopper.join()
        assert recorder.join(20)
        (recording,) = Dataset(tmp_path / str(attempt))
        assert 6 <= len(recording) == recorder.status().written
        assert [line.stream_index for line in recording.lines()] == list(range(len(recording)))


def test_a_number_of_frames(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "some", source="test", source_losses=dict, max_frames=3)
    for i in range(5):
        assert recorder.full == (i >= 3)
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    assert recorder.status().written == 3


def test_a_disk_that_fails_stops_the_recording_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / "file", "nowhere", source="test", source_losses=dict)
    recorder.offer(make_frame(0))
    assert recorder.join(20)
    assert "cannot begin a recording here" in recorder.status().error
    assert recorder.status().lost == {"recording_failed": 1}
    assert recorder.full
