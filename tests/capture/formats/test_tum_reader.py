"""TUM RGB-D sequences: pictures, depth maps and poses by their times."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.formats.tum_reader import MAX_APART_S, TumSequence, associate, pose_at
from capture.frame import Intrinsics, Pose
from capture.jpeg import decode_jpeg
from tests.support.foreign import put, sequence


def test_a_sequence(tmp_path: Path):
    tum = TumSequence(put(tmp_path / "rgbd_dataset_freiburg1_rpy", sequence(4)))
    assert (len(tum), tum.remark) == (4, "")
    for i in range(4):
        frame = tum.read_frame(i)
        assert (frame.index, frame.rgb_size, frame.depth_size) == (i, (64, 48), (64, 48))
        assert frame.received_ns == pytest.approx(1305031229528748000 + i * 1e9 / 30, abs=1000)
        assert frame.received_ns % 1000 == 0
        depth = cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)
        assert (depth[0, 0], depth[1, 1], depth[-1, -1]) == (0, 1000 + i, 0)
        np.testing.assert_allclose(frame.pose.position_m, (i / 30, 2, 3), atol=1e-5)
        np.testing.assert_allclose(frame.pose.quaternion, (1, 0, 0, 0), atol=1e-12)
        assert frame.intrinsics.as_list() == pytest.approx([51.73, 51.65, 31.86, 25.53])  # at a tenth of the size


@pytest.mark.parametrize(
    ("name", "fx"),
    [
        *(("rgbd_dataset_freiburg2_desk", 52.09), ("tum-fr1-rpy", 51.73), ("Freiburg3", 53.54), ("fr12", 0)),
        *(("desk", 0), ("afr1", 0), ("freiburg4", 0)),
    ],
)
def test_the_camera_by_the_folder_name(name: str, fx: float, tmp_path: Path):
    assert TumSequence(put(tmp_path / name, sequence(1))).read_frame(0).intrinsics.fx == pytest.approx(fx)


def test_options_of_the_user_take_precedence(tmp_path: Path):
    tum = TumSequence(put(tmp_path / "fr1", sequence(1)), 1000, Intrinsics(50, 51, 32, 24))
    frame = tum.read_frame(0)
    assert frame.intrinsics == Intrinsics(50, 51, 32, 24)
    assert cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)[1, 1] == 5000


def test_pictures_without_depth_and_frames_without_pose_are_counted(tmp_path: Path):
    files = sequence(8)
    files["depth.txt"] = b"\n".join(line for i, line in enumerate(files["depth.txt"].split(b"\n")) if i not in (3, 4))
    files["groundtruth.txt"] = b"\n".join(files["groundtruth.txt"].split(b"\n")[:20])
    tum = TumSequence(put(tmp_path, files))
    assert len(tum) == 6
    assert tum.remark == (
        "2 of 8 pictures have no depth map within 0.02 s; "
        "3 of 6 frames have no ground truth, and the identity as their pose"
    )
    assert [tum.read_frame(i).pose == Pose() for i in range(6)] == [False] * 3 + [True] * 3


def test_lost_tracking_is_no_ground_truth(tmp_path: Path):
    files = sequence(3)
    lines = files["groundtruth.txt"].decode().split("\n")
    lost = [f"{line.split()[0]} 0 0 0 0 0 0 0" for line in lines[1:]]
    tum = TumSequence(put(tmp_path, files | {"groundtruth.txt": "\n".join(lost[:-1] + lines[-1:]).encode()}))
    assert [tum.read_frame(i).pose for i in range(3)] == [Pose()] * 3


def test_no_ground_truth(tmp_path: Path):
    put(tmp_path, sequence(2))
    (tmp_path / "groundtruth.txt").unlink()
    tum = TumSequence(tmp_path)
    assert (tum.read_frame(1).pose, tum.remark) == (Pose(), "")


def test_a_missing_file_of_the_list(tmp_path: Path):
    put(tmp_path, sequence(2))
    next((tmp_path / "rgb").iterdir()).unlink()
    tum = TumSequence(tmp_path)
    with pytest.raises(LidarliveError, match=r"rgb/.*\.png cannot be read"):
        [tum.read_frame(i) for i in range(2)]


def test_the_nearest_are_paired_first_and_each_once():
    rgb = np.array([0.000, 0.010, 0.100, 0.200])
    depth = np.array([0.006, 0.011, 0.121, 0.195])
    assert associate(rgb, depth) == [(0, 0), (1, 1), (3, 3)]
    assert associate(rgb, np.array([])) == associate(np.array([]), depth) == []


def listed(folder: Path, first: list[str], second: list[str] | None = None) -> Path:
    """A sequence whose lists have these first columns; picture i has grey level 10 i, depth map i 5000 + 5 i units."""
    files = sequence(len(first))
    names = {kind: sorted(name for name in files if name.startswith(f"{kind}/")) for kind in ("rgb", "depth")}
    for kind, column in (("rgb", first), ("depth", first if second is None else second)):
        lines = [f"{stamp} {name}" for stamp, name in zip(column, names[kind], strict=False)]
        files[f"{kind}.txt"] = "\n".join(["# x", *lines]).encode()
    return put(folder, files)


def numbers(tum: TumSequence) -> list[tuple[int, int]]:
    """Which picture and which depth map each frame has."""
    found = []
    for i in range(len(tum)):
        frame = tum.read_frame(i)
        depth = cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)
        found.append((round(float(decode_jpeg(frame.jpeg).mean()) / 10), int(depth[1, 1]) - 1000))
    return found


@pytest.mark.parametrize(
    "column",
    [
        ["0.00585", "0.00706", "00.01542", "00.01482", "00.01631", "0.00548", "0.01566", "0.01701"],
        ["0.033"] * 8,
        ["0"] * 8,
    ],
    ids=["durations", "one duration", "zeros"],
)
def test_a_first_column_that_is_no_time_keeps_the_order_of_the_lists(column: list[str], tmp_path: Path):
    tum = TumSequence(listed(tmp_path, column))
    assert numbers(tum) == [(i, i) for i in range(8)]
    assert tum.remark == (
        "the first column of the lists does not rise and cannot be a time: frames are in the order of the lists, "
        "30 a second and groundtruth.txt is not used"
    )
    assert [tum.read_frame(i).received_ns for i in range(3)] == [0, 33_333_000, 66_667_000]
    assert tum.read_frame(1).pose == Pose()


def test_lists_without_times_and_of_unequal_length_are_refused(tmp_path: Path):
    path = listed(tmp_path, ["0.02", "0.01", "0.02", "0.01"], ["0.02", "0.01", "0.02"])
    with pytest.raises(LidarliveError, match=r"cannot be a time, .* Received: 4 pictures and 3 depth maps"):
        TumSequence(path)


def test_times_out_of_order_are_sorted(tmp_path: Path):
    """As the benchmark's own tool does."""
    tum = TumSequence(listed(tmp_path, ["7.0", "7.1", "7.3", "7.2"]))
    assert numbers(tum) == [(0, 0), (1, 1), (3, 3), (2, 2)]
    assert tum.remark == "the lines of depth.txt are not in the order of time and were sorted"


times = st.lists(st.floats(0, 0.5), max_size=40).map(sorted).map(np.array)


@given(times, times)
def test_pairs_are_near_and_each_is_used_once(rgb: np.ndarray, depth: np.ndarray):
    pairs = associate(rgb, depth)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(abs(rgb[i] - depth[j]) <= MAX_APART_S for i, j in pairs)
    if len(rgb) and len(depth):
        apart = np.abs(rgb[:, None] - depth[None])
        if apart.min() <= MAX_APART_S:  # the nearest two of all are a pair, or one as near as they
            assert min(abs(rgb[i] - depth[j]) for i, j in pairs) == apart.min()


def test_poses_are_interpolated():
    half = 0.5**0.5
    truth = np.array([[1.00, 0, 0, 0, 0, 0, 0, 1], [1.08, 4, 0, 0, 0, 0, -half, -half], [2.00, 9, 9, 9, 0, 0, 0, 1]])
    middle = pose_at(truth, 1.04)  # a quarter turn round z, whose end is written as -q
    assert middle is not None
    np.testing.assert_allclose(middle.position_m, (2, 0, 0), atol=1e-9)
    np.testing.assert_allclose(middle.quaternion, (np.cos(np.pi / 8), np.sin(np.pi / 8), 0, 0), atol=1e-9)
    assert pose_at(truth, 1.0) is not None
    for without in (0.99, 1.5, 2.01):  # before, in a gap, after
        assert pose_at(truth, without) is None


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("rgb.txt", b"", "no time stamp in rgb.txt is within 0.02 s"),
        ("depth.txt", b"5 depth/a.png", "no time stamp in rgb.txt is within 0.02 s"),
        ("rgb.txt", b"# x\n1.0", "rgb.txt, line 2: must be a time stamp and a file"),
        ("rgb.txt", b"one rgb/a.png", "rgb.txt, line 1: must be seconds, a number"),
        ("rgb.txt", b"nan rgb/a.png", "rgb.txt, line 1: must be seconds, a number"),
        ("rgb.txt", b"1e300 rgb/a.png", "rgb.txt, line 1: must be seconds, a number"),
        ("rgb.txt", b"1.0 ../a.png", "Received: .*../a.png"),
        ("rgb.txt", b"1.0 /etc/passwd", "Received: .*passwd"),
        ("rgb.txt", b"1.0 C:\\x.png", "line 1: must be a time stamp and a file"),
        ("groundtruth.txt", b"1 2 3", "groundtruth.txt, line 1: must be 8 numbers"),
        ("groundtruth.txt", b"1 inf 0 0 0 0 0 1", "groundtruth.txt, line 1: must be 8 numbers"),
        (
            "groundtruth.txt",
            b"1305031229.52 0 0 0 1 1 1 1\n1305031229.53 0 0 0 1 1 1 1",
            "line 1: a pose's quaternion must have length 1",
        ),
    ],
)
def test_malformed_sequences(name: str, text: bytes, fault: str, tmp_path: Path):
    with pytest.raises(LidarliveError, match=fault) as raised:
        TumSequence(put(tmp_path, sequence(1) | {name: text}))
    assert str(raised.value).startswith(str(tmp_path))
    assert "\n" not in str(raised.value)


WORDS = st.one_of(st.floats().map(str), st.text(max_size=6), st.sampled_from(["1305031229.528748", "rgb/a.png", "#"]))


@settings(deadline=None)
@given(
    name=st.sampled_from(["rgb.txt", "depth.txt", "groundtruth.txt"]),
    lines=st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=4).map("\n".join),
    before=st.booleans(),
)
def test_any_text_gives_a_sequence_or_a_clear_error(
    name: str, lines: str, before: bool, tmp_path_factory: pytest.TempPathFactory
):
    files = sequence(1)
    text = lines.encode()
    files[name] = text + b"\n" + files[name] if before else text
    try:
        tum = TumSequence(put(tmp_path_factory.mktemp("text"), files))
        frame = tum.read_frame(0)
    except LidarliveError:
        return
    assert frame.rgb_size == (64, 48)
    assert np.isfinite(frame.pose.as_list()).all()
