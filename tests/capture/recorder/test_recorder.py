"""The recorder writes every frame in order, and counts what it cannot write."""

from __future__ import annotations

import json
import shutil
import threading
import time
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

import numpy as np
import pytest

from app.cli import record as record_module
from app.cli.inspect import InspectCommand
from app.cli.inspect import run as inspect
from capture import clock
from capture.frame import Frame
from capture.recorder import recorder as recorder_module
from capture.recorder.recorder import Recorder
from capture.recorder.status import RecordingStatus
from capture.recording import Dataset
from capture.storage import writer as writer_module
from capture.storage.encoding import EncodedFrame, encode
from tests.support.frames import QuietSource, make_frame
from tests.support.waiting import wait_until


def test_every_frame_in_order(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "all", QuietSource())
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


def test_the_time_until_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = writer_module.RESERVE_BYTES + 1_000_000
    disk = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(writer_module.shutil, "disk_usage", lambda folder: disk)
    recorder = Recorder(tmp_path, "walk", QuietSource())
    assert recorder.status().left_s is None
    for i in range(10):
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    status = recorder.status()
    (recording,) = Dataset(tmp_path)
    written = sum(len(recording.file_bytes(line, k)) for line in recording.lines() for k in line.files)
    assert status.left_s == pytest.approx(1_000_000 * status.seconds / written, rel=1e-6)


def test_losses_of_the_source_are_counted_from_the_start_of_the_recording(tmp_path: Path) -> None:
    source = QuietSource()
    source.lost, source.possibly = {"ring_full": 5}, 10
    recorder = Recorder(tmp_path, "lossy", source)
    recorder.offer(make_frame(0))
    source.lost, source.possibly = {"ring_full": 7, "disconnected": 1}, 13
    recorder.offer(make_frame(4))
    recorder.stop()
    source.lost, source.possibly = {"ring_full": 100}, 1000
    assert recorder.join(20)
    status = recorder.status()
    assert (status.lost, status.possibly_lost) == ({"ring_full": 2, "disconnected": 1}, 3)
    (recording,) = Dataset(tmp_path)
    assert recording.info.lost == {"ring_full": 2, "disconnected": 1}, "what is only possibly lost is not among them"
    assert recording.info.possibly_lost_before_usb == 3


def test_possible_losses_are_separate_from_losses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = QuietSource()
    recorder = Recorder(tmp_path, "paused", source)
    recorder.offer(make_frame(0))
    source.lost, source.possibly = {"ring_full": 2}, 3
    recorder.stop()
    assert recorder.join(20)
    assert inspect(InspectCommand([tmp_path], json=False)) == 0
    text = capsys.readouterr().out
    assert "paused: lost 2 ring_full\n" in text
    assert "paused: possibly lost before USB: 3\n" in text
    assert inspect(InspectCommand([tmp_path], json=True)) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["driver"], row["lost"], row["possibly_lost_before_usb"]) == ("native", {"ring_full": 2}, 3)


def test_a_full_queue_counts_a_loss_and_never_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MAX_RAW_BYTES", 10)
    recorder = Recorder(tmp_path, "tiny", QuietSource())
    for i in range(5):
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    assert recorder.status().lost == {"encoder_full": 5}
    assert recorder.status().written == 0


def test_a_change_in_mid_stream_opens_a_second_recording(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "turn", QuietSource())
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
    source = QuietSource()
    recorder = Recorder(tmp_path, "turn", source)
    recorder.offer(make_frame(0))
    wait_until(lambda: recorder.status().written == 1, "the first part")
    source.lost, source.possibly = {"ring_full": 2}, 4
    recorder.offer(make_frame(3, rgb_size=(96, 72), depth_size=(32, 24)))
    wait_until(lambda: recorder.status().written == 2, "the second part")
    source.lost, source.possibly = {"ring_full": 3}, 5
    recorder.stop()
    assert recorder.join(20)
    assert [(r.info.lost, r.info.possibly_lost_before_usb) for r in Dataset(tmp_path)] == [
        ({"ring_full": 2}, 4),
        ({"ring_full": 1}, 1),
    ]
    assert recorder.status().lost == {"ring_full": 3}


def test_frames_offered_while_stopping_are_written_or_ignored(tmp_path: Path) -> None:
    for attempt in range(20):
        recorder = Recorder(tmp_path / str(attempt), "race", QuietSource())
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
    recorder = Recorder(tmp_path, "some", QuietSource(), max_frames=3)
    for i in range(5):
        assert recorder.full == (i >= 3)
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    assert recorder.status().written == 3


def test_a_frame_that_cannot_be_encoded_is_counted_as_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode_but_third(frame: Frame, time_utc: str | None, in_haste: bool) -> EncodedFrame:
        if frame.index == 3:
            raise ValueError("no picture")
        return encode(frame, time_utc, in_haste)

    monkeypatch.setattr(recorder_module, "encode", encode_but_third)
    recorder = Recorder(tmp_path, "holed", QuietSource(), max_frames=7)
    for i in range(6):
        recorder.offer(make_frame(i))
    wait_until(lambda: recorder.status().written == 5, "the frames around it")
    assert recorder.status().lost == {"corrupt": 1}
    for i in range(6, 9):
        recorder.offer(make_frame(i))
    assert recorder.full, "it does not count as one of those asked for"
    recorder.stop()
    assert recorder.join(20)
    (recording,) = Dataset(tmp_path)
    assert [line.stream_index for line in recording.lines()] == [0, 1, 2, 4, 5, 6, 7]
    assert recording.info.lost == {"corrupt": 1}


def test_a_stalling_disk_costs_no_frame_until_the_queue_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoded frames are counted as such: the room of raw ones holds a second of them, that of encoded ones many."""
    disk = threading.Event()
    monkeypatch.setattr(writer_module, "make_durable", lambda *_: disk.wait(60))
    size = make_frame(0).nbytes
    monkeypatch.setattr(recorder_module, "MAX_RAW_BYTES", 4 * size)
    recorder = Recorder(tmp_path, "stalled", QuietSource())
    for i in range(30):
        wait_until(lambda: recorder._raw_bytes == 0, "an encoder")
        recorder.offer(make_frame(i))
    assert recorder.status().lost == {}
    monkeypatch.setattr(recorder_module, "MAX_ENCODED_BYTES", 1)
    wait_until(lambda: recorder._raw_bytes == 0, "an encoder")
    recorder.offer(make_frame(30))
    assert recorder.status().lost == {"disk_slow": 1}
    disk.set()
    recorder.stop()
    assert recorder.join(20)
    assert recorder.status().written == 30
    assert recorder._encoded_bytes == 0


def test_saving_reports_progress_and_ends_when_everything_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, syncs = threading.Event(), threading.Semaphore(1)  # the first sync, of the empty recording, goes through

    def make_durable(log: int, paths: object) -> None:
        if not syncs.acquire(blocking=False):
            assert disk.wait(60)

    monkeypatch.setattr(writer_module, "make_durable", make_durable)
    monkeypatch.setattr(writer_module, "SYNC_INTERVAL_S", 1e9)
    recorder = Recorder(tmp_path, "saved", QuietSource())
    recorder.offer(make_frame(0))
    wait_until(lambda: recorder.status().written == 1, "a frame")
    assert recorder.status().saving is None
    recorder.stop()
    assert not recorder.join(0)
    saving = recorder.status().saving
    assert saving is not None
    assert saving < 1, "the last step is the disk's"
    told: list[tuple[str, float | None]] = []

    def report(event: str, status: RecordingStatus, detail: str) -> None:
        told.append((event, status.saving))
        disk.set()

    monkeypatch.setattr(record_module, "SILENT_SAVING_S", 0.01)
    record_module._wait_saved(recorder, report)
    assert told[0] == ("saving", saving)
    assert (recorder.status().saving, recorder.status().finished) == (1, True)
    record_module._wait_saved(recorder, lambda *_: pytest.fail("nothing to tell"))


def test_setting_the_clock_back_keeps_times_and_names_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock jumps an hour back between two frames, then the phone is turned: a second recording begins."""
    now = time.time_ns()
    shift_s = 0

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Clock:
            return cls.fromtimestamp(now / 1e9 + shift_s, tz)

    monkeypatch.setattr(time, "time_ns", lambda: now + shift_s * 1_000_000_000)
    monkeypatch.setattr(time, "time", lambda: now / 1e9 + shift_s)
    for module in (recorder_module, writer_module):
        monkeypatch.setattr(module, "datetime", Clock)
    recorder = Recorder(tmp_path, "clock", QuietSource())
    for i in range(6):
        frame = make_frame(i) if i < 4 else make_frame(i, rgb_size=(96, 72), depth_size=(32, 24))
        recorder.offer(replace(frame, received_ns=clock.now_ns()))
        wait_until(lambda written=i + 1: recorder.status().written == written, "the frame")
        if i == 1:
            shift_s = -3600
    recorder.stop()
    assert recorder.join(20)
    first, second = Dataset(tmp_path)
    assert (first.info.name, second.info.name) == ("clock", "clock-2"), "sorted as they began"
    times = [line.time_utc for recording in (first, second) for line in recording.lines()]
    assert times == sorted(times)
    assert first.info.created_utc <= second.info.created_utc
    began = datetime.fromisoformat(first.info.created_utc).timestamp()
    assert abs(began - now / 1e9) < 1800, "by the clock as it was when the recording began"


def test_in_haste_depth_is_larger_and_equally_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [make_frame(i, depth_size=(192, 256)) for i in range(3)]
    sizes = []
    for name, limit in (("leisure", 1 << 40), ("haste", -1)):
        monkeypatch.setattr(recorder_module, "HASTE_RAW_BYTES", limit)
        recorder = Recorder(tmp_path / name, name, QuietSource())
        for frame in frames:
            recorder.offer(frame)
        recorder.stop()
        assert recorder.join(20)
        (recording,) = Dataset(tmp_path / name)
        sizes.append(len(recording.file_bytes(recording.line(0), "depth")))
        for frame, recorded in zip(frames, recording, strict=True):
            np.testing.assert_allclose(recorded.depth_m, frame.depth_m, atol=0.00051)
            np.testing.assert_array_equal(recorded.confidence, frame.confidence)
    assert sizes[1] > 2 * 192 * 256 > 2 * sizes[0]
