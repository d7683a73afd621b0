"""`.r3d` files that we write, read by an independent reader of a dozen lines."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import lzfse
import numpy as np
import pytest

from capture.formats.r3d_reader import R3dFile
from capture.formats.r3d_writer import R3dWriter
from capture.frame import Camera
from capture.storage.encoding import EncodedFrame, decode_png, encode_png
from tests.support.walks import FRAME_NS, encoded_walk


def write(path: Path, frames: list[EncodedFrame]) -> Path:
    writer = R3dWriter(path)
    for frame in frames:
        writer.append(frame)
    writer.close()
    return path


def test_contents_as_described_by_the_apps_author(tmp_path: Path):
    """github.com/marek-simonik/record3d: issue 93 the files, 7 depth, 83 intrinsics, 27 poses."""
    frames = encoded_walk(3)
    with zipfile.ZipFile(write(tmp_path / "walk.r3d", frames)) as archive:
        metadata = json.loads(archive.read("metadata"))
        names = {"metadata", *(f"rgbd/{i}.{end}" for i in range(3) for end in ("jpg", "depth", "conf"))}
        assert set(archive.namelist()) == names
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.testzip() is None
        k = np.array(metadata["K"]).reshape(3, 3).T
        fx, fy, cx, cy = frames[0].intrinsics.as_list()
        np.testing.assert_array_equal(k, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        assert [metadata[key] for key in ("w", "h", "dw", "dh", "fps", "cameraType")] == [72, 96, 24, 32, 60, 1]
        assert metadata["initPose"] == [0, 0, 0, 1, 0, 0, 0]
        assert metadata["poses"] == [[*frame.pose.quaternion, *frame.pose.position_m] for frame in frames]
        assert metadata["perFrameIntrinsicCoeffs"] == [frame.intrinsics.as_list() for frame in frames]
        assert metadata["frameTimestamps"] == pytest.approx([i * FRAME_NS / 1e9 for i in range(3)], abs=1e-12)
        for i, frame in enumerate(frames):
            assert archive.read(f"rgbd/{i}.jpg") == frame.jpeg
            depth_m = np.frombuffer(lzfse.decompress(archive.read(f"rgbd/{i}.depth")), np.float32).reshape(32, 24)
            millimetres = decode_png(frame.depth_png, (24, 32), np.uint16)
            np.testing.assert_allclose(depth_m, millimetres / 1000, rtol=1e-7)
            levels = np.frombuffer(lzfse.decompress(archive.read(f"rgbd/{i}.conf")), np.uint8).reshape(32, 24)
            np.testing.assert_array_equal(levels, decode_png(frame.confidence_png, (24, 32), np.uint8))


def test_every_depth_value_survives_the_round_trip(tmp_path: Path):
    """All 65,536 values of a 16-bit map."""
    every = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    frame = replace(encoded_walk(1, confidence=False)[0], depth_png=encode_png(every), depth_size=(256, 256))
    with R3dFile(write(tmp_path / "walk.r3d", [frame])) as file:
        np.testing.assert_array_equal(decode_png(file.read_frame(0).depth_png, (256, 256), np.uint16), every)


def test_the_front_camera_and_no_confidence(tmp_path: Path):
    frames = [replace(frame, camera=Camera.TRUEDEPTH) for frame in encoded_walk(2, confidence=False)]
    with R3dFile(write(tmp_path / "walk.r3d", frames)) as file:
        assert (file.camera, file.confidence(1)) == (Camera.TRUEDEPTH, None)


@pytest.mark.parametrize(("gap_ns", "fps"), [(0, 30), (10**9 // 24, 24), (10**11, 1), (1, 1000)])
def test_any_times_give_a_valid_rate(gap_ns: int, fps: int, tmp_path: Path):
    frames = [replace(frame, received_ns=5 + i * gap_ns) for i, frame in enumerate(encoded_walk(3))]
    with R3dFile(write(tmp_path / "walk.r3d", frames)) as file:
        assert (file.fps, len(file)) == (fps, 3)
