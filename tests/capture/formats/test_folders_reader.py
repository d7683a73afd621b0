"""Folders of paired images: which files form a frame, their order, confidence and poses."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.formats.folders_reader import ImageFolder
from capture.frame import Intrinsics, Pose
from capture.geometry.poses import LOST_POSE
from tests.support.foreign import depth_map, exr, jpeg, pairs, png, put, tiff

POSE = b"0 -1 0 1.5\n1 0 0 2\n0 0 1 3\n0 0 0 1\n"
LEVELS = np.full((32, 24), 50, np.uint8)


def levels(data: bytes | None) -> list[int]:
    assert data is not None
    return sorted(set(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).ravel().tolist()))


@pytest.mark.parametrize(
    ("rgb", "depth"), [("rgb", "depth"), ("color", "depth"), ("Images", "Depth"), ("image", "depth"), ("X", "Y")]
)
def test_a_folder(rgb: str, depth: str, tmp_path: Path):
    folder = ImageFolder(put(tmp_path, pairs(3, rgb, depth)))
    assert len(folder) == 3
    for i in range(3):
        frame = folder.read_frame(i)
        assert (frame.index, frame.received_ns, frame.time_utc) == (i, round(i * 1e9 / 30), None)
        assert (frame.rgb_size, frame.depth_size, frame.confidence_png) == ((72, 96), (24, 32), None)
        assert frame.jpeg == (tmp_path / rgb / f"{i}.jpg").read_bytes()
        assert levels(frame.depth_png) == [0, 1000 + i]
        assert (frame.intrinsics.fx, frame.pose) == (0, Pose())


def test_depth_scale_and_intrinsics(tmp_path: Path):
    folder = ImageFolder(put(tmp_path, pairs(1)), 4000, Intrinsics(70, 71, 36, 48))
    assert levels(folder.read_frame(0).depth_png) == [0, 250]
    assert folder.read_frame(0).intrinsics == Intrinsics(70, 71, 36, 48)


@pytest.mark.parametrize("suffix", ["tiff", "exr", "TIF"])
def test_floats_in_metres(suffix: str, tmp_path: Path):
    depth = np.full((32, 24), 1.25, np.float32)
    data = exr(depth) if suffix == "exr" else tiff(depth)
    folder = ImageFolder(put(tmp_path, {"rgb/a.jpg": jpeg(9), f"depth/a.{suffix}": data}))
    assert levels(folder.read_frame(0).depth_png) == [1250]
    assert folder.depth_scale == 1


def test_a_unit_that_is_stated_is_used(tmp_path: Path):
    """As NeRFCapture does: 10 m are 65535."""
    text = b'{"integer_depth_scale": 0.00015259021896696422, "frames": []}'
    folder = ImageFolder(put(tmp_path, pairs(1) | {"transforms.json": text}))
    assert levels(folder.read_frame(0).depth_png) == [0, 153]
    assert (folder.depth_scale, folder.remark) == (
        pytest.approx(6553.5),
        "6553.5 units are a metre, as transforms.json states; not read: transforms.json; if a camera's numbers are in "
        "there, give them with --intrinsics",
    )
    assert levels(ImageFolder(tmp_path, 1000).read_frame(0).depth_png) == [0, 1000]  # the user's own comes first


def test_files_of_other_programs_are_named(tmp_path: Path):
    files = {f"{name}/0.json": b"{}" for name in ("cameras", "corrected_cameras", "corrected_images", ".hidden")}
    folder = ImageFolder(put(tmp_path, pairs(1) | files | {"README.md": b"x", "intrinsics.txt": b""}))
    advice = "; if a camera's numbers are in there, give them with --intrinsics"
    assert folder.remark == f"not read: cameras/, corrected_cameras/, corrected_images/{advice}"
    known = ImageFolder(tmp_path, None, Intrinsics(70, 71, 36, 48))
    assert known.remark == "not read: cameras/, corrected_cameras/, corrected_images/"
    many = {f"{i}.json": b"" for i in range(9)}
    assert (
        "not read: 0.json, 1.json, 2.json, 3.json, 4.json, 5.json and 6 more" in ImageFolder(put(tmp_path, many)).remark
    )


def test_names_are_sorted_by_their_numbers(tmp_path: Path):
    names = ["learn10", "learn2", "learn1", "test0", "learn01"]
    files = {f"rgb/{name}.jpg": jpeg(0) for name in names}
    files |= {f"depth/{name}.png": png(depth_map(i + 1)) for i, name in enumerate(names)}
    folder = ImageFolder(put(tmp_path, files))
    assert [names[levels(folder.read_frame(i).depth_png)[1] - 1] for i in range(5)] == [
        *("learn01", "learn1", "learn2", "learn10", "test0")
    ]


def test_unrelated_files_are_ignored(tmp_path: Path):
    files = {
        "rgb/readme.txt": b"x",
        "rgb/._0.jpg": b"x",
        "depth/Thumbs.db": b"x",
        "other/0.png": b"x",
        "depth.png": b"x",
    }
    assert len(ImageFolder(put(tmp_path, pairs(1) | files))) == 1


def test_a_frame_without_a_part_keeps_its_number(tmp_path: Path):
    put(tmp_path, pairs(4) | {f"pose/{i}.txt": POSE for i in (0, 2, 3)})
    (tmp_path / "depth" / "0.png").unlink()
    (tmp_path / "rgb" / "3.jpg").unlink()
    folder = ImageFolder(tmp_path)
    assert len(folder) == 4
    assert folder.read_frame(2).index == 2
    for i, missing in ((0, "depth"), (1, "pose"), (3, "rgb")):
        with pytest.raises(LidarliveError, match=f"{missing} has no file {i}. The files of a frame must have one name"):
            folder.read_frame(i)


def test_confidence_by_the_levels_of_all_files(tmp_path: Path):
    files = {f"confidence/{i}.png": png(LEVELS * i) for i in range(3)}  # 0, 50 and 100, one in each
    folder = ImageFolder(put(tmp_path, pairs(3) | files))
    assert [levels(folder.read_frame(i).confidence_png) for i in range(3)] == [[0], [1], [2]]


def test_invalid_confidence(tmp_path: Path):
    put(tmp_path, pairs(3) | {"conf/0.png": png(LEVELS), "conf/1.png": b"x", "conf/2.png": png(LEVELS[1:])})
    folder = ImageFolder(tmp_path)
    assert levels(folder.read_frame(0).confidence_png) == [1]
    with pytest.raises(LidarliveError, match=r"conf/1\.png: must be an 8-bit grey PNG"):
        folder.read_frame(1)
    with pytest.raises(LidarliveError, match=re.escape("its confidence must have its size, 24x32. Received: 24x31")):
        folder.read_frame(2)
    put(tmp_path, {"conf/1.png": png(np.arange(768, dtype=np.uint16).astype(np.uint8).reshape(32, 24))})
    with pytest.raises(LidarliveError, match="confidence must have the levels of 0/1/2 or "):
        ImageFolder(tmp_path)


def test_poses_are_converted_to_our_axes(tmp_path: Path):
    folder = ImageFolder(put(tmp_path, pairs(1) | {"poses/0.txt": POSE}))
    pose = folder.read_frame(0).pose
    assert pose.position_m == (1.5, 2, 3)
    half = 0.5**0.5
    np.testing.assert_allclose(pose.quaternion, (half, half, 0, 0), atol=1e-12)


@pytest.mark.parametrize("number", ["-inf", "nan", "0"])
def test_lost_tracking_is_no_pose(number: str, tmp_path: Path):
    """As 7-Scenes and ScanNet mark it."""
    lost = " ".join([number] * 16).encode()
    folder = ImageFolder(put(tmp_path, pairs(2) | {"pose/0.txt": POSE, "pose/1.txt": lost}))
    assert [folder.read_frame(i).pose == LOST_POSE for i in range(2)] == [False, True]


@settings(deadline=None)
@given(data=st.one_of(st.binary(max_size=200), st.text("0123456789.-+einf \n_", max_size=200).map(str.encode)))
def test_any_text_gives_a_pose_or_a_clear_error(data: bytes, tmp_path_factory: pytest.TempPathFactory):
    folder = ImageFolder(put(tmp_path_factory.mktemp("text"), pairs(1) | {"pose/0.txt": data}))
    with pytest.raises(LidarliveError, match=r"pose/0\.txt"):  # sixteen numbers that rotate are not found by chance
        folder.read_frame(0)


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"a.txt": b""}, "not a folder of pictures and depth maps. Missing: rgb in rgb/, color/.* Received: a.txt"),
        (pairs(1) | {"transforms.json": b"{"}, "transforms.json cannot be read, and may state the unit"),
        (pairs(1) | {"transforms.json": b'{"integer_depth_scale": 0}'}, "must be metres per unit. Received: 0. Give"),
        (pairs(1) | {"transforms.json": b'{"integer_depth_scale": "x"}'}, "must be metres per unit. Received: 'x'"),
        ({"rgb/0.jpg": b"x"}, "Missing: depth in depth/, y/"),
        ({"rgb/0.jpg": b"x", "depth": b"x"}, "Missing: depth in depth/, y/"),
        (pairs(1) | {"color/0.jpg": b"x"}, "color/ and rgb/ both contain rgb"),
        (pairs(1) | {"rgb/0.png": b"x"}, "belong to one frame. Remove one"),
        (
            {"rgb/0.bmp": b"x", "depth/0.npy": b"x"},
            "needs JPEG or PNG files in rgb/ and 16-bit PNG or TIFF, .* in depth/. Received: .bmp files in rgb/, .npy",
        ),
    ],
)
def test_folders_that_are_rejected(files: dict[str, bytes], fault: str, tmp_path: Path):
    with pytest.raises(LidarliveError, match=fault) as raised:
        ImageFolder(put(tmp_path, files))
    assert str(raised.value).startswith(str(tmp_path))
