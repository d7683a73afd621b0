"""TUM sequences that we write: read by evo if it is installed, else by our reader."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.formats.tum_reader import TumSequence
from capture.formats.tum_writer import TumWriter
from capture.frame import Intrinsics
from capture.storage.encoding import EncodedFrame, encode_png
from tests.support.foreign import rotation
from tests.support.requirements import skip_or_fail
from tests.support.walks import encoded_walk


def write(path: Path, frames: list[EncodedFrame]) -> TumWriter:
    writer = TumWriter(path)
    for frame in frames:
        writer.append(frame)
    writer.close()
    return writer


def test_the_trajectory_as_evo_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Positions as they are; the camera looks along its z, with y down, where ours has y up and looks along -z."""
    if importlib.util.find_spec("evo") is None:
        skip_or_fail("the package evo is not installed")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # where it keeps settings
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    from evo.tools.file_interface import read_tum_trajectory_file

    frames = encoded_walk(5)
    write(tmp_path / "out", frames)
    trajectory = read_tum_trajectory_file(str(tmp_path / "out" / "groundtruth.txt"))
    assert trajectory.check()[0]
    np.testing.assert_allclose(trajectory.timestamps, [frame.received_ns / 1e9 for frame in frames], atol=1e-6)
    for matrix, frame in zip(trajectory.poses_se3, frames, strict=True):
        right, up, back = rotation(frame.pose).T
        np.testing.assert_allclose(matrix[:3, 3], frame.pose.position_m, atol=1e-8)
        np.testing.assert_allclose(matrix[:3, :3].T, (right, -up, -back), atol=1e-8)


def test_the_lists_and_files(tmp_path: Path):
    frames = encoded_walk(3)
    assert write(tmp_path / "out", frames).remark == ""
    lines = {
        name: [line.split() for line in (tmp_path / "out" / f"{name}.txt").read_text().splitlines() if line[0] != "#"]
        for name in ("rgb", "depth", "groundtruth", "intrinsics")
    }
    stamps = ["987654.321012", "987654.337679", "987654.354346"]
    assert [words[0] for words in lines["rgb"]] == [words[0] for words in lines["depth"]] == stamps
    assert [words[0] for words in lines["groundtruth"]] == stamps
    for i, frame in enumerate(frames):
        assert (tmp_path / "out" / lines["rgb"][i][1]).read_bytes() == frame.jpeg
        depth = cv2.imread(str(tmp_path / "out" / lines["depth"][i][1]), cv2.IMREAD_UNCHANGED)
        millimetres = cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(depth / 5000, millimetres / 1000)
        assert lines["intrinsics"][i][0] == lines["rgb"][i][1]
        assert list(map(float, lines["intrinsics"][i][1:])) == frame.intrinsics.as_list()


def test_depth_that_does_not_fit_is_no_reading_and_counted(tmp_path: Path):
    millimetres = np.full((32, 24), 13106, np.uint16)
    millimetres[0, :3] = 13107, 20000, 65535
    writer = write(tmp_path / "out", [replace(encoded_walk(1)[0], depth_png=encode_png(millimetres))])
    assert writer.remark.startswith("3 depth readings beyond 13.106 m do not fit 16 bits at 5000 units per metre")
    back = cv2.imdecode(np.frombuffer(TumSequence(tmp_path / "out").read_frame(0).depth_png, np.uint8), -1)
    assert back[0, :3].tolist() == [0, 0, 0]
    assert (back[1:] == 13106).all()


def test_times_are_unique_and_rise(tmp_path: Path):
    times = [-5_000_000, 0, 2_000_000_000, 2_000_000_400, 1_000_000_000, 3_000_000_000]
    frames = [replace(frame, received_ns=at) for frame, at in zip(encoded_walk(6), times, strict=True)]
    writer = write(tmp_path / "out", frames)
    assert writer.remark == "4 of 6 frames were not later than the previous one and were moved after it"
    names = [line.split()[0] for line in (tmp_path / "out" / "rgb.txt").read_text().splitlines()[1:]]
    assert names == ["0.000000", "0.000001", "2.000000", "2.000001", "2.000002", "3.000000"]
    back = TumSequence(tmp_path / "out")
    assert [back.read_frame(i).jpeg for i in range(6)] == [frame.jpeg for frame in frames]


def test_frames_far_apart_keep_their_poses(tmp_path: Path):
    """Each has a pose at its very time, however long ago the one before was."""
    frames = [replace(frame, received_ns=i * 10**9) for i, frame in enumerate(encoded_walk(3))]
    write(tmp_path / "out", frames)
    back = TumSequence(tmp_path / "out")
    assert back.remark == ""
    for i, frame in enumerate(frames):
        np.testing.assert_allclose(rotation(back.read_frame(i).pose), rotation(frame.pose), atol=1e-6)


def test_intrinsics_of_the_user_take_precedence(tmp_path: Path):
    write(tmp_path / "fr1", encoded_walk(1))
    assert TumSequence(tmp_path / "fr1").read_frame(0).intrinsics == encoded_walk(1)[0].intrinsics
    said = Intrinsics(1, 2, 3, 4)
    assert TumSequence(tmp_path / "fr1", intrinsics=said).read_frame(0).intrinsics == said
