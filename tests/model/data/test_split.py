"""Which recordings are trained on and which measure; a split that leaks is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.recording import Recording
from capture.storage.layout import INFO_NAME, LOG_NAME
from model.data.split import LeakError, label, last_fifth_of, open_recordings, split
from tests.support.frames import write_recording
from tests.support.scenes import scene_frame, scene_recording, walked_recording


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    for seed, name in enumerate(("a", "b", "c")):
        scene_recording(folder, name, 4, seed=seed)
    return folder


def names(recordings: Sequence[Recording]) -> list[str]:
    return [recording.info.name for recording in recordings]


def test_the_newest_recording_is_held_out(dataset: Path):
    parts = split(open_recordings([dataset]), None)
    assert (names(parts.train), names(parts.held_out), parts.notes) == (["a", "b"], ["c"], ())


def test_one_recording_is_trained_on_and_nothing_held_out(tmp_path: Path):
    parts = split(open_recordings([scene_recording(tmp_path, "alone", 3)]), None)
    assert (names(parts.train), parts.held_out) == (["alone"], ())


def test_no_recording_is_one_clear_error():
    with pytest.raises(LidarliveError, match="nothing to train on"):
        split([], None)


def test_recordings_are_held_out_by_name_folder_or_path(dataset: Path):
    recordings = open_recordings([dataset])
    folder = recordings[0].path
    for name in ("a", folder.name, str(folder)):
        assert names(split(recordings, [name]).held_out) == ["a"]
    assert split(recordings, ()).held_out == ()


def test_an_unknown_or_all_embracing_held_out_is_refused(dataset: Path):
    recordings = open_recordings([dataset])
    with pytest.raises(LidarliveError, match=r"No recording is called z.*There are: .*_a"):
        split(recordings, ["z"])
    with pytest.raises(LidarliveError, match="nothing is left to train on"):
        split(recordings, ["a", "b", "c"])


def test_a_recording_named_twice_is_opened_once(dataset: Path):
    first = open_recordings([dataset])[0].path
    assert len(open_recordings([dataset, first, first / ".." / first.name])) == 3


def test_recordings_of_one_name_are_called_by_their_paths(dataset: Path, tmp_path: Path):
    original = open_recordings([dataset])[0]
    shutil.copytree(original.path, tmp_path / original.path.name)
    both = open_recordings([original.path, tmp_path])
    assert label(both[0], both) == str(both[0].path)
    assert label(both[0], both[:1]) == both[0].path.name


def test_a_copy_on_the_other_side_of_the_split_is_refused(dataset: Path, tmp_path: Path):
    original = open_recordings([dataset])[0].path
    shutil.copytree(original, tmp_path / "2030-01-01T00-00-00Z_copy")
    recordings = open_recordings([original, tmp_path])
    with pytest.raises(LidarliveError, match=r"Of the held-out .*copy, 4 of 4 frames are in .*_a too"):
        split(recordings, ["2030-01-01T00-00-00Z_copy"])
    assert split(recordings, None).held_out == ()


def test_a_part_of_a_recording_on_the_other_side_is_refused(tmp_path: Path):
    scenes = [scene_frame(i) for i in range(4)]
    write_recording(tmp_path, "whole", scenes)
    write_recording(tmp_path, "part", [*scenes[2:], scene_frame(9)])
    with pytest.raises(LidarliveError, match=r"2 of 3 frames are in .*frame 0 is that of frame 2 there"):
        split(open_recordings([tmp_path]), ["part"])


def two_recordings(folder: Path, first: Frame, second: Frame) -> list[Recording]:
    """`first` and `second`, each with two frames of its own around it."""
    for seed, (name, frame) in enumerate((("one", first), ("two", second)), start=11):
        write_recording(folder, name, [scene_frame(0, seed), frame, scene_frame(1, seed)])
    return open_recordings([folder])


@pytest.mark.parametrize("field", ["image", "depth_m"])
def test_the_same_picture_or_the_same_depth_alone_is_refused(tmp_path: Path, field: str):
    first, second = scene_frame(0, seed=1), scene_frame(0, seed=2)
    shared = {"image": first.image} if field == "image" else {"depth_m": first.depth_m}
    recordings = two_recordings(tmp_path, first, replace(second, **shared))
    called = "picture" if field == "image" else "depth map"
    with pytest.raises(LidarliveError, match=f"1 of 3 frames .*the {called} of frame 1 is that of frame 1 there"):
        split(recordings, ["two"])
    assert split(recordings, None).held_out == ()


def test_frames_without_a_reading_or_a_picture_are_no_leak(tmp_path: Path):
    """A hand before the lens looks the same everywhere."""
    frame = scene_frame(0)
    dark = replace(frame, image=np.zeros_like(frame.rgb), depth_m=np.zeros_like(frame.depth_m))
    assert names(split(two_recordings(tmp_path, dark, dark), None).held_out) == ["two"]


def test_a_checksum_that_agrees_by_chance_is_no_leak(tmp_path: Path):
    one, two = two_recordings(tmp_path, scene_frame(0, seed=1), scene_frame(0, seed=2))
    claimed = one.line(1).files["depth"].crc32
    text = (two.path / LOG_NAME).read_text()
    (two.path / LOG_NAME).write_text(text.replace(two.line(1).files["depth"].crc32, claimed))
    recordings = open_recordings([tmp_path])
    assert recordings[1].line(1).files["depth"].crc32 == claimed
    assert names(split(recordings, ["two"]).held_out) == ["two"]


@pytest.mark.parametrize(
    ("name", "later", "is_noted"),
    [
        ("desk-2", timedelta(0), True),  # the part that follows where the picture's size changed
        ("desk", timedelta(minutes=9), True),
        ("desk-7", timedelta(minutes=-9), True),
        ("desk-2", timedelta(hours=2), False),
        ("kitchen", timedelta(0), False),
        ("desktop", timedelta(0), False),
    ],
)
def test_a_held_out_part_of_the_same_visit_is_told(tmp_path: Path, name: str, later: timedelta, is_noted: bool):
    began = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
    for seed, (called, time) in enumerate((("desk-1", began), (name, began + later))):
        path = scene_recording(tmp_path / str(seed), called, 2, seed=seed)
        info = json.loads((path / INFO_NAME).read_text())
        (path / INFO_NAME).write_text(json.dumps({**info, "created_utc": time.isoformat()}))
    recordings = [open_recordings([tmp_path / side])[0] for side in "01"]
    notes = split(recordings, [str(recordings[1].path)]).notes
    assert len(notes) == is_noted
    for note in notes:
        assert "probably the same scene as" in note
        assert recordings[1].path.name in note
    assert split(recordings, ()).notes == ()


def test_a_time_that_cannot_be_read_is_long_ago(tmp_path: Path):
    scene_recording(tmp_path, "desk-1", 2, seed=1)
    path = scene_recording(tmp_path, "desk-2", 2, seed=2)
    info = json.loads((path / INFO_NAME).read_text())
    (path / INFO_NAME).write_text(json.dumps({**info, "created_utc": "yesterday"}))
    assert split(open_recordings([tmp_path]), ["desk-2"]).notes == ()


def test_a_leak_names_recordings_by_their_names(dataset: Path, tmp_path: Path):
    original = open_recordings([dataset])[0].path
    shutil.copytree(original, tmp_path / "2030-01-01T00-00-00Z_copy")
    with pytest.raises(LeakError) as raised:
        split(open_recordings([original, tmp_path]), ["2030-01-01T00-00-00Z_copy"])
    message = str(raised.value)
    assert message.startswith(f"Of the held-out 2030-01-01T00-00-00Z_copy, 4 of 4 frames are in {original.name} too")
    assert str(original.parent) not in message
    assert str(tmp_path) not in message


def test_two_of_one_name_are_told_apart_in_a_leak(dataset: Path, tmp_path: Path):
    original = open_recordings([dataset])[0].path
    shutil.copytree(original, tmp_path / original.name)
    with pytest.raises(LeakError) as raised:
        split(open_recordings([original, tmp_path]), [str(tmp_path / original.name)])
    assert f"Of the held-out {tmp_path / original.name}, 4 of 4 frames are in {original} too" in str(raised.value)


def test_the_last_fifth_of_a_single_recording_is_held_out(tmp_path: Path):
    recordings = open_recordings([walked_recording(tmp_path, "walk")])
    parts = split(recordings, (), last_fifth=True)
    assert (names(parts.train), names(parts.held_out)) == (["walk"], ["walk"])
    assert [ref.index for ref in parts.train_frames] == list(range(31))
    assert [ref.index for ref in parts.held_out_frames] == list(range(40, 50))
    assert parts.notes == (
        f"{recordings[0].path.name} is judged on its own last fifth (same walk: flatters the result)",
    )
    assert not parts.validates
    assert split(recordings, None, last_fifth=None) == parts, "what is done unless something else is asked for"
    for whole in (split(recordings, None), split(recordings, (), last_fifth=None), split(recordings, None, False)):
        assert (whole.held_out, whole.divided, len(whole.train_frames)) == ((), None, 50)


def test_what_cannot_be_divided_is_trained_on_whole_unless_it_must_be(tmp_path: Path):
    recordings = open_recordings([walked_recording(tmp_path, "short", 12)])
    parts = split(recordings, None, last_fifth=None)
    assert (parts.held_out, len(parts.train_frames)) == ((), 12)
    (note,) = parts.notes
    assert note.startswith(f"{recordings[0].path.name} cannot be judged on its last fifth. It is too short")
    with pytest.raises(LidarliveError, match=r"_short cannot be judged on its last fifth. It is too short"):
        split(recordings, None, last_fifth=True)


def test_the_last_fifth_is_of_one_recording(dataset: Path):
    recordings = open_recordings([dataset])
    with pytest.raises(LidarliveError, match=r"that of a single recording: name one. Received: .*_a, .*_b, .*_c$"):
        split(recordings, None, last_fifth=True)
    with pytest.raises(LidarliveError, match="choose one of the two"):
        split(recordings[:1], ["a"], last_fifth=True)
    assert names(split(recordings, None, last_fifth=None).held_out) == ["c"]


def test_the_longest_that_can_be_divided_is_offered(tmp_path: Path):
    for name, frames in (("short", 40), ("long", 50), ("torn", 12)):
        walked_recording(tmp_path, name, frames)
    walked_recording(tmp_path, "tripod", 90, step_m=0.001)
    recordings = open_recordings([tmp_path])
    offered = last_fifth_of(recordings)
    assert offered is not None
    assert offered.info.name == "long"
    assert last_fifth_of([each for each in recordings if each.info.name in ("torn", "tripod")]) is None


def test_where_none_can_be_held_out_it_is_noted(tmp_path: Path):
    original = walked_recording(tmp_path, "walk")
    shutil.copytree(original, tmp_path / "2030-01-01T00-00-00Z_copy")
    parts = split(open_recordings([tmp_path]), None, last_fifth=None)
    assert (len(parts.train), parts.held_out) == (2, ())
    assert "none can be held out: record another walk, or train on one alone" in parts.notes[0]
