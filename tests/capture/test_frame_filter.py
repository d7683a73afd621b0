"""Which frames a filter selects, and that skipped frames are never counted as lost."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.cli.inspect import InspectCommand
from app.cli.inspect import run as inspect
from capture.frame import Frame, Pose
from capture.frame_filter import MAX_EVERY, NO_POSES, FrameFilter, FrameSelector
from capture.geometry.poses import apart
from capture.inspection.checksums import damage
from capture.recorder.recorder import Recorder
from capture.recording import Dataset, Recording
from capture.sources.native import NativeSource
from capture.storage.json_codec import from_document
from capture.storage.layout import INFO_NAME, RecordingInfo
from capture.storage.names import MAX_NOTE, recording_note
from tests.support.frames import QuietSource, make_frame, write_recording
from tests.support.phones import phone


def at(index: int, pose: Pose) -> Frame:
    return replace(make_frame(index), pose=pose)


def turned(degrees: float, x_m: float = 1.0) -> Pose:
    """About the vertical, in a place that is not the origin."""
    half = math.radians(degrees) / 2
    return Pose((0.0, math.sin(half), 0.0, math.cos(half)), (x_m, 0.0, 0.0))


def taken(choice: FrameFilter, frames: list[Frame]) -> list[int]:
    selector = FrameSelector(choice)
    return [frame.index for frame in frames if selector.selects(frame)]


def test_the_default_filter_selects_every_frame() -> None:
    assert FrameFilter().is_all
    assert taken(FrameFilter(), [make_frame(i) for i in range(5)]) == [0, 1, 2, 3, 4]


def test_every_nth_frame_counts_lost_ones() -> None:
    assert taken(FrameFilter(every=3), [make_frame(i) for i in range(10, 20)]) == [10, 13, 16, 19]
    without_its_turn = [make_frame(i) for i in (0, 1, 2, 4, 5, 6, 7, 8)]
    assert taken(FrameFilter(every=3), without_its_turn) == [0, 4, 7], (
        "the next one stands in for the one that was lost"
    )


def test_motion_is_measured_from_the_last_selected_frame() -> None:
    slowly = [at(i, turned(0, 1 + i * 0.02)) for i in range(8)]
    assert taken(FrameFilter(moved_m=0.05), slowly) == [0, 3, 6]
    turning = [at(i, turned(2 * i)) for i in range(8)]
    assert taken(FrameFilter(moved_m=0.05), turning) == [0, 3, 6], "a degree is worth a centimetre"
    still = [at(i, turned(30)) for i in range(100)]
    assert taken(FrameFilter(moved_m=0.05), still) == [0]
    both = FrameFilter(every=4, moved_m=0.05)
    assert taken(both, slowly) == [0, 4]
    assert taken(both, still) == [0]


def test_the_distance_of_two_poses() -> None:
    one, other = turned(10), turned(50, 1.3)
    assert apart(one, other) == pytest.approx((0.3, 40))
    minus, longer = (tuple(factor * q for q in other.quaternion) for factor in (-1, 3))
    assert apart(one, Pose(minus, other.position_m)) == pytest.approx((0.3, 40)), "a rotation has two quaternions"
    assert apart(one, Pose(longer, other.position_m)) == pytest.approx((0.3, 40))


@pytest.mark.parametrize(
    "none", [Pose(), Pose((0.0, 0.0, 0.0, 0.0)), Pose((0.0, 0.0, 0.0, 1.0), (math.nan, 0.0, 0.0))], ids=str
)
def test_frames_without_a_pose_are_selected_and_reported(none: Pose) -> None:
    selector = FrameSelector(FrameFilter(moved_m=0.05))
    assert [selector.selects(at(i, none)) for i in range(4)] == [True] * 4
    assert selector.lacks_poses
    assert taken(FrameFilter(every=2, moved_m=0.05), [at(i, none) for i in range(5)]) == [0, 2, 4]


def test_a_tracked_camera_may_start_at_the_origin() -> None:
    selector = FrameSelector(FrameFilter(moved_m=0.05))
    assert selector.selects(at(0, Pose()))
    assert not selector.selects(at(1, Pose(position_m=(0.01, 0.0, 0.0))))
    assert not selector.lacks_poses


def test_a_prediction_is_poor_above_the_threshold_only() -> None:
    selector = FrameSelector(FrameFilter(worse_than=0.2))
    errors = [None, 0.1, 0.2, 0.21, math.nan, 3.0]
    expected = [False, False, False, True, False, True]
    assert [selector.selects(make_frame(i), abs_rel) for i, abs_rel in enumerate(errors)] == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": 0},
        {"every": MAX_EVERY + 1},
        {"every": 2.5},
        {"every": True},
        {"moved_m": 0.0},
        {"moved_m": 1.5},
        {"moved_m": math.nan},
        {"moved_m": "far"},
        {"worse_than": -0.1},
        {"worse_than": math.inf},
    ],
    ids=str,
)
def test_invalid_filters_are_rejected_with_the_received_value(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"Received: {next(iter(wrong.values()))!r}"):
        from_document(FrameFilter, wrong)


@pytest.mark.parametrize(
    ("choice", "words", "short"),
    [
        (FrameFilter(), "every frame", "every frame"),
        (FrameFilter(every=2), "every 2nd frame", "every 2nd"),
        (FrameFilter(every=111), "every 111th frame", "every 111th"),
        (
            FrameFilter(every=21, moved_m=0.05, worse_than=0.2),
            "every 21st frame, moved 5 cm or turned 5°, prediction off by more than 20 %",
            "every 21st · moved 5 cm · off 20 %",
        ),
    ],
)
def test_the_filter_in_words(choice: FrameFilter, words: str, short: str) -> None:
    assert (choice.words(), choice.short_words()) == (words, short)


def test_a_recording_stores_note_and_filter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    choice = FrameFilter(every=4, moved_m=0.05)
    recorder = Recorder(tmp_path, "some", QuietSource(), choice=choice, note="the sofa, \x1b[31mby day")
    for i in range(1, 11):
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    status = recorder.status()
    assert (status.written, status.left_out, status.lost, status.remark) == (3, 7, {}, "")
    (recording,) = Dataset(tmp_path)
    assert [(line.index, line.stream_index) for line in recording.lines()] == [(0, 1), (1, 5), (2, 9)]
    document = json.loads((recording.path / INFO_NAME).read_text())
    assert document["chosen"] == {"every": 4, "moved_m": 0.05, "worse_than": None}
    assert (recording.info.chosen, recording.info.note) == (choice, "the sofa, \x1b[31mby day")
    assert list(damage(recording.path)) == []
    assert inspect(InspectCommand([tmp_path], json=False)) == 0
    text = capsys.readouterr().out
    assert re.search(r"^some +LiDAR +3 +60\.0 +0 ", text, re.MULTILINE), "frames, rate of the stream, lost"
    assert "some: chosen: every 4th frame, moved 5 cm or turned 5°; frames left out by choice are not lost\n" in text
    assert "some: note: the sofa,  [31mby day\n" in text, "nothing in a note commands the terminal"
    assert inspect(InspectCommand([tmp_path], json=True)) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["chosen"], row["note"]) == (asdict(choice), recording.info.note)


def test_the_default_filter_is_not_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder(tmp_path, "all", QuietSource(), choice=FrameFilter(every=1))
    recorder.offer(make_frame(0))
    recorder.stop()
    assert recorder.join(20)
    (recording,) = Dataset(tmp_path)
    assert json.loads((recording.path / INFO_NAME).read_text())["chosen"] is None
    assert inspect(InspectCommand([tmp_path], json=False)) == 0
    assert "chosen" not in (text := capsys.readouterr().out)
    assert "note" not in text


def test_old_recordings_without_a_filter_still_open(tmp_path: Path) -> None:
    path = write_recording(tmp_path, "old", [make_frame(0)])
    document = json.loads((path / INFO_NAME).read_text())
    for new in ("chosen", "note"):
        del document[new]
    (path / INFO_NAME).write_text(json.dumps(document))
    info = Recording(path).info
    assert (info.chosen, info.note) == (None, "")
    later = {**document, "chosen": {"every": 3, "brightness": 0.4}}
    assert RecordingInfo.from_json(json.dumps(later)).chosen == FrameFilter(every=3)
    for wrong in (5, {"every": "often"}, [3]):
        with pytest.raises(ValueError, match="Received"):
            RecordingInfo.from_json(json.dumps({**document, "chosen": wrong}))


def test_a_note_is_one_line_of_bounded_length() -> None:
    assert recording_note("  by day,\n\twith lamp ") == "by day, with lamp"
    assert len(recording_note("é" * MAX_NOTE)) == MAX_NOTE
    with pytest.raises(ValueError, match=f"at most {MAX_NOTE} characters. Received: {MAX_NOTE + 1}"):
        recording_note("x" * (MAX_NOTE + 1))


def test_only_selected_frames_can_be_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capture.recorder.recorder.MAX_RAW_BYTES", 10)
    recorder = Recorder(tmp_path, "tiny", QuietSource(), choice=FrameFilter(every=3))
    for i in range(7):
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    status = recorder.status()
    assert (status.written, status.left_out, status.lost) == (0, 4, {"encoder_full": 3})


def test_max_frames_counts_written_frames(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "some", QuietSource(), max_frames=2, choice=FrameFilter(every=5))
    for i in range(20):
        assert recorder.full == (i > 5)
        recorder.offer(make_frame(i))
    recorder.stop()
    assert recorder.join(20)
    assert (recorder.status().written, recorder.status().left_out) == (2, 4)


def test_only_poor_predictions(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "poor", QuietSource(), choice=FrameFilter(every=2, worse_than=0.2))
    recorder.offer_predicted(make_frame(9), 1.0)  # it came before the recording began
    for i in range(10, 20):
        recorder.offer(make_frame(i))
    recorder.offer_predicted(make_frame(9), 1.0)
    for i, abs_rel in ((10, 0.1), (12, 0.3), (13, 0.9), (15, 0.25), (16, None), (18, 0.2)):
        recorder.offer_predicted(make_frame(i), abs_rel)
    recorder.stop()
    recorder.offer_predicted(make_frame(19), 1.0)
    assert recorder.join(20)
    (recording,) = Dataset(tmp_path)
    assert [line.stream_index for line in recording.lines()] == [12, 15]
    assert (recorder.status().left_out, recorder.status().lost) == (8, {})


def test_predictions_are_ignored_without_a_filter_on_them(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "all", QuietSource())
    for i in range(3):
        recorder.offer(make_frame(i))
        recorder.offer_predicted(make_frame(i), 1.0)
    recorder.stop()
    assert recorder.join(20)
    assert (recorder.status().written, recorder.status().left_out) == (3, 0)


def test_a_phone_without_poses_is_recorded_with_a_remark(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "face", QuietSource(), choice=FrameFilter(moved_m=0.05))
    for i in range(4):
        recorder.offer(at(i, Pose()))
    recorder.stop()
    assert recorder.join(20)
    status = recorder.status()
    assert (status.written, status.left_out, status.remark) == (4, 0, NO_POSES)


FAULTS = {"jpeg-corrupt@7": "corrupt", "depth-repeated@14": "stale", "cut@26": "disconnected"}


CAME = 50  # frames, which is after the last fault


@pytest.mark.parametrize(
    "choice", [FrameFilter(every=5), FrameFilter(moved_m=0.05, every=2), FrameFilter()], ids=FrameFilter.words
)
def test_losses_and_skipped_frames_are_counted_separately(wire_file: Path, tmp_path: Path, choice: FrameFilter) -> None:
    """Frames that never came are losses, whether or not it was their turn; those left out are none."""
    came: list[int] = []
    with phone(wire_file, faults=list(FAULTS)) as stand_in:
        source = NativeSource("iPhone", address=stand_in.address)
        recorder = Recorder(tmp_path, "faults", source, choice=choice)
        with source:
            for frame in source:
                came.append(frame.index)
                recorder.offer(frame)
                if len(came) == CAME:
                    break
        recorder.stop()
        assert recorder.join(30)
    status = recorder.status()
    assert status.lost == dict.fromkeys(FAULTS.values(), 1)
    assert status.written + status.left_out == len(came)
    (recording,) = Dataset(tmp_path)
    assert recording.info.lost == status.lost
    indices = [line.stream_index for line in recording.lines()]
    if choice.is_all:
        assert indices == came
        assert status.left_out == 0
    else:
        assert status.left_out > len(came) / 3
        for before, now in pairwise(indices):
            first = min(index for index in came if index >= before + choice.every)
            assert now == first, "the first that came of those whose turn it was"
    assert list(damage(recording.path)) == []
