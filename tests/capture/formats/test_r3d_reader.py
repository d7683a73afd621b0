"""Record3D's own files: real ones, old ones, and damaged ones."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import lzfse
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.formats.r3d_reader import R3dFile
from capture.frame import Camera
from capture.storage.encoding import encode_jpeg, to_millimetres
from tests.support.r3d_files import METADATA, members, write_r3d

OLD = {key: METADATA[key] for key in ("w", "h", "fps", "K", "poses")}


def changed(**fields: Any) -> dict[str, bytes]:
    return members({**METADATA, **fields})


def test_a_new_file(tmp_path: Path) -> None:
    with R3dFile(write_r3d(tmp_path / "a.r3d", members())) as r3d:
        assert (len(r3d), r3d.fps, r3d.camera) == (3, 30.0, Camera.LIDAR)
        assert (r3d.rgb_size, r3d.depth_size) == ((72, 96), (24, 32))
        depth = r3d.depth_m(2)
        assert (depth.dtype, depth.shape) == (np.float32, (32, 24))
        assert depth[0, :5].tolist() == [0, 0, 0, 0, np.float32(1.2)]
        confidence = r3d.confidence(1)
        assert confidence is not None
        assert (confidence.shape, confidence.max()) == ((32, 24), 1)
        assert r3d.intrinsics(1).as_list() == [81, 81, 36, 48]
        assert r3d.pose(2).as_list() == [0.1, 0.2, 0.3, 0.9, 2, 2, 3]
        assert [r3d.time_s(i) for i in range(3)] == [0, 0.04, 0.08]
        assert r3d.jpeg(1) == members()["rgbd/1.jpg"]
        assert r3d.depth_lzfse(1) == members()["rgbd/1.depth"]
        assert r3d.confidence_lzfse(1) == members()["rgbd/1.conf"]


def test_an_old_file(tmp_path: Path) -> None:
    """No dw, dh, cameraType, per-frame intrinsics or time stamps; no confidence."""
    files = {name: data for name, data in members(OLD).items() if not name.endswith(".conf")}
    with R3dFile(write_r3d(tmp_path / "a.r3d", files)) as r3d:
        assert (r3d.depth_size, r3d.camera) == ((24, 32), Camera.TRUEDEPTH)
        assert r3d.intrinsics(2).as_list() == [70.5, 71.5, 36.5, 48.5]  # K is column by column
        assert r3d.time_s(2) == pytest.approx(2 / 30)
        assert r3d.confidence(0) is None
        assert r3d.confidence_lzfse(0) is None


@pytest.mark.parametrize(
    ("rgb_size", "depth_size", "camera"),
    [
        ((720, 960), (192, 256), Camera.LIDAR),
        ((960, 720), (256, 192), Camera.LIDAR),
        ((480, 640), (480, 640), Camera.TRUEDEPTH),
    ],
)
def test_sizes_and_camera_are_inferred(
    tmp_path: Path, rgb_size: tuple[int, int], depth_size: tuple[int, int], camera: Camera
) -> None:
    old = {**OLD, "w": rgb_size[0], "h": rgb_size[1], "poses": None}
    with R3dFile(write_r3d(tmp_path / "a.r3d", members(old, depth_size))) as r3d:
        assert (r3d.depth_size, r3d.camera) == (depth_size, camera)
        assert r3d.pose(1).as_list() == [0, 0, 0, 1, 0, 0, 0]


def test_sides_may_be_whole_floats(tmp_path: Path) -> None:
    with R3dFile(write_r3d(tmp_path / "a.r3d", changed(w=72.0, h=96.0))) as r3d:
        assert r3d.rgb_size == (72, 96)


def test_encoded_for_our_files(tmp_path: Path) -> None:
    with R3dFile(write_r3d(tmp_path / "a.r3d", members())) as r3d:
        frame = r3d.read_frame(1)
        assert (frame.index, frame.received_ns, frame.time_utc) == (1, 40_000_000, None)
        assert frame.jpeg == r3d.jpeg(1)
        millimetres = cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)
        assert millimetres.dtype == np.uint16
        np.testing.assert_array_equal(millimetres, to_millimetres(r3d.depth_m(1)))
        assert frame.confidence_png is not None
        assert (cv2.imdecode(np.frombuffer(frame.confidence_png, np.uint8), cv2.IMREAD_UNCHANGED) == 1).all()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "rgbd: has no frames"),
        ({"rgbd/0.jpg": b""}, "metadata: is missing"),
        (members() | {"metadata": b"{"}, "metadata: must be JSON"),
        (members() | {"metadata": b"[" * 100_000}, "metadata: must be JSON"),
        (members([1]), "must be a JSON object. Received: list"),
        (changed(w="72"), "metadata: w: must be a whole number of pixels, 1 to 4096. Received: '72'"),
        (changed(w=72.5), "metadata: w: must be a whole number of pixels, 1 to 4096. Received: 72.5"),
        (changed(dh=-1), "metadata: dh: must be"),
        (changed(fps=0), "metadata: fps: must be frames a second. Received: 0"),
        (changed(fps=[30]), "metadata: fps: must be a number. Received: [30]"),
        (changed(cameraType=7), "metadata: cameraType: must be 0 or 1. Received: 7"),
        (changed(poses=METADATA["poses"][:2]), "metadata: poses: must have an entry for each frame (3). Received: 2"),
        (changed(poses=[[0, 0]] * 3), "metadata: poses: must be 7 numbers. Received: [0, 0]"),
        (changed(poses=[[10**400] * 7] * 3), "metadata: poses: must be 7 numbers"),
        (changed(poses=7), "metadata: poses: must have an entry for each frame (3). Received: int"),
        (changed(frameTimestamps=[float("nan")] * 3), "metadata: frameTimestamps: must be a number. Received: nan"),
        (changed(perFrameIntrinsicCoeffs=None, K=[1, 2]), "metadata: K: must be 9 numbers"),
        (members() | {"rgbd/1000.jpg": b""}, "rgbd: more than half of 1001 frames are missing"),
        (members(OLD, (25, 32)), "metadata: dw, dh: missing, and 800 depth values do not have the shape of 72x96"),
        (members(OLD) | {"rgbd/0.depth": b"????"}, "rgbd/0.depth: not an LZFSE block at byte 0"),
    ],
)
def test_a_file_that_cannot_be_opened(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    path = write_r3d(tmp_path / "a.r3d", files)
    with pytest.raises(LidarliveError) as caught:
        R3dFile(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("rgbd/1.jpg", None, "is missing"),
        ("rgbd/1.depth", None, "is missing"),
        ("rgbd/1.jpg", members()["rgbd/1.jpg"][:-20], "not a whole JPEG"),
        ("rgbd/1.jpg", encode_jpeg(np.zeros((72, 96, 3), np.uint8)), "must be 72x96 as in metadata. Received: 96x72"),
        ("rgbd/1.depth", members()["rgbd/1.depth"][:-9], "cut short"),
        ("rgbd/1.depth", lzfse.compress(bytes(100)), "must hold 3072 bytes (24x32). Received: 100"),
        ("rgbd/1.depth", b"bvxn" + (3072).to_bytes(4, "little") + b"\1\0\0\0" + b"\0bvx$", "corrupt"),
        ("rgbd/1.conf", lzfse.compress(bytes([3] * 768)), "confidence must be 0, 1 or 2. Received: 3"),
        ("rgbd/1.conf", lzfse.compress(bytes(3072)), "must hold 768 bytes (24x32). Received: 3072"),
    ],
)
def test_a_damaged_frame(tmp_path: Path, name: str, data: bytes | None, message: str) -> None:
    files = members()
    if data is None:
        del files[name]
    else:
        files[name] = data
    with R3dFile(write_r3d(tmp_path / "a.r3d", files)) as r3d:
        assert r3d.read_frame(0).jpeg
        with pytest.raises(LidarliveError) as caught:
            r3d.read_frame(1)
    assert f"a.r3d: {name}: " in str(caught.value)
    assert message in str(caught.value)


def test_not_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.r3d"
    with pytest.raises(LidarliveError, match="does not exist"):
        R3dFile(path)
    path.write_bytes(b"no zip")
    with pytest.raises(LidarliveError, match="is not a Record3D file"):
        R3dFile(path)
    with pytest.raises(LidarliveError, match="is not a Record3D file"):
        R3dFile(tmp_path)


def test_corrupt_zip(tmp_path: Path) -> None:
    """A flipped byte of a member is reported as a wrong checksum."""
    path = write_r3d(tmp_path / "a.r3d", members())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("rgbd/1.jpg")
        at = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    with R3dFile(path) as r3d, pytest.raises(LidarliveError, match=r"rgbd/1\.jpg: cannot be read"):
        r3d.jpeg(1)


def test_a_member_that_states_a_huge_size_is_not_read(tmp_path: Path) -> None:
    files = members() | {"rgbd/1.jpg": bytes((64 << 20) + 1)}
    with (
        R3dFile(write_r3d(tmp_path / "a.r3d", files)) as r3d,
        pytest.raises(LidarliveError, match=r"rgbd/1\.jpg: must have at most 67108864 bytes"),
    ):
        r3d.jpeg(1)


def test_the_majority_of_frames_decides_about_confidence(tmp_path: Path) -> None:
    files = members()
    del files["rgbd/1.conf"]
    with R3dFile(write_r3d(tmp_path / "most.r3d", files)) as r3d:
        assert r3d.remark == ""
        assert r3d.read_frame(2).confidence_png is not None
        with pytest.raises(LidarliveError, match=r"rgbd/1\.conf: is missing"):
            r3d.read_frame(1)
    del files["rgbd/2.conf"]
    with R3dFile(write_r3d(tmp_path / "few.r3d", files)) as r3d:
        assert r3d.remark == "only 1 of 3 frames has confidence; it is ignored"
        assert [r3d.read_frame(i).confidence_png for i in range(3)] == [None] * 3


def test_metadata_too_large_for_its_frames_is_not_parsed(tmp_path: Path) -> None:
    """A thousand million poses deflate to little; what is parsed is bounded by the frames that there are."""
    files = members() | {"metadata": b'{"poses": [' + b"[0,0,0,1,0,0,0]," * 100_000}
    with pytest.raises(LidarliveError, match=r"metadata: must have at most 1051648 bytes\. Received: 1600011"):
        R3dFile(write_r3d(tmp_path / "a.r3d", files))


def test_an_lzfse_bomb_is_not_decompressed(tmp_path: Path) -> None:
    bomb = lzfse.compress(bytes(1 << 16))[:-4] * 1024 + b"bvx$"
    files = members() | {"rgbd/1.depth": bomb}
    with (
        R3dFile(write_r3d(tmp_path / "a.r3d", files)) as r3d,
        pytest.raises(LidarliveError, match=r"rgbd/1\.depth: must hold 3072 bytes \(24x32\)\. Received: 67108864"),
    ):
        r3d.read_frame(1)


PARTS = ("metadata", "rgbd/0.jpg", "rgbd/0.depth", "rgbd/0.conf")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=8,
)


def frames_or_our_one_error(path: Path) -> None:
    try:
        with R3dFile(path) as r3d:
            frame = r3d.read_frame(0)
    except LidarliveError:
        return
    assert cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), -1).shape == frame.depth_size[::-1]
    assert np.isfinite([*frame.intrinsics.as_list(), *frame.pose.as_list(), frame.received_ns]).all()


def changed_bytes(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few of them others, or cut short: most of those are nearly what they were."""

    def change(changes: list[tuple[int, int]], end: int) -> bytes:
        data = bytearray(whole)
        for at, value in changes:
            data[at] = value
        return bytes(data[:end])

    changes = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)
    return st.builds(change, changes, st.one_of(st.just(len(whole)), st.integers(0, len(whole))))


@settings(deadline=None, max_examples=40)
@given(data=st.data(), part=st.sampled_from(PARTS))
def test_any_bytes_of_a_part_give_a_frame_or_a_clear_error(
    data: st.DataObject, part: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = members() | {part: data.draw(changed_bytes(members()[part]) | st.binary(max_size=40))}
    frames_or_our_one_error(write_r3d(tmp_path_factory.mktemp("part") / "a.r3d", files))


@settings(deadline=None, max_examples=40)
@given(field=st.sampled_from([*METADATA, "other"]), value=JSON)
def test_any_value_in_metadata_gives_a_frame_or_a_clear_error(
    field: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    frames_or_our_one_error(write_r3d(tmp_path_factory.mktemp("value") / "a.r3d", changed(**{field: value})))


@pytest.mark.parametrize(
    ("name", "frames", "per_frame"), [("desk-1", 180, True), ("desk-2", 90, True), ("door", 120, False)]
)
def test_real_files(real_data: Path, name: str, frames: int, per_frame: bool) -> None:
    path = real_data / f"{name}.r3d"
    metadata = json.loads(zipfile.ZipFile(path).read("metadata"))
    with R3dFile(path) as r3d:
        assert (len(r3d), r3d.fps, r3d.camera) == (frames, 60.0, Camera.LIDAR)
        assert (r3d.rgb_size, r3d.depth_size) == ((1440, 1920), (192, 256))
        for i in (0, frames // 2, frames - 1):
            frame = r3d.read_frame(i)
            picture = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (1920, 1440, 3)
            depth_m = r3d.depth_m(i)
            assert 0.1 < depth_m[depth_m > 0].min() < depth_m.max() < 6
            assert frame.confidence_png is None
            assert frame.pose.as_list() == metadata["poses"][i]
            assert frame.received_ns == round(metadata["frameTimestamps"][i] * 1e9)
        assert (r3d.intrinsics(0) != r3d.intrinsics(frames - 1)) == per_frame
        assert r3d.intrinsics(0).fx == pytest.approx(metadata["K"][0], abs=0.5)


def test_a_truncated_real_file(real_data: Path, tmp_path: Path) -> None:
    with (real_data / "desk-2.r3d").open("rb") as file:
        (tmp_path / "cut.r3d").write_bytes(file.read(1 << 20))
    with pytest.raises(LidarliveError, match=r"cut\.r3d is cut short, or damaged at its end"):
        R3dFile(tmp_path / "cut.r3d")
