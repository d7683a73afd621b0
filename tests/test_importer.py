"""Import of .r3d: JPEG bytes untouched, depth to half a millimetre, damage counted and survived."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import lzfse
import numpy as np
import pytest

from capture.encoding import encode_jpeg
from capture.formats.r3d import R3dFile
from capture.frame import CaptureError
from capture.importer import import_r3d
from capture.recording import Recording


def write_r3d(path: Path, frames: int, damaged: tuple[int, ...] = ()) -> np.ndarray:
    """A .r3d file without confidence, as the real ones beside the project are; returns its depth, float32 (n, h, w)."""
    depth = np.random.default_rng(0).uniform(0.2, 5, (frames, 32, 24)).astype(np.float32)
    depth[:, 0, 0] = np.nan
    metadata = {
        "w": 72, "h": 96, "dw": 24, "dh": 32, "fps": 60, "cameraType": 1,
        "K": [70, 0, 0, 0, 71, 0, 36, 48, 1],
        "poses": [[0, 0, 0, 1, i, 0, 0] for i in range(frames)],
        "frameTimestamps": [i / 60 for i in range(frames)],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata", json.dumps(metadata))
        for i in range(frames):
            archive.writestr(f"rgbd/{i}.jpg", encode_jpeg(np.full((96, 72, 3), i, np.uint8)))
            data = lzfse.compress(depth[i].tobytes())
            archive.writestr(f"rgbd/{i}.depth", data[: len(data) // 2] if i in damaged else data)
    return depth


def test_import(tmp_path: Path) -> None:
    depth = write_r3d(tmp_path / "walk.r3d", 5)
    progress: list[tuple[int, int]] = []
    writer = import_r3d(tmp_path / "walk.r3d", tmp_path / "set", lambda *p: progress.append(p))
    assert writer.path is not None
    recording = Recording(writer.path)
    assert progress == [(i + 1, 5) for i in range(5)]
    assert (len(recording), recording.info.status, recording.info.has_confidence) == (5, "closed", False)
    assert recording.fps == pytest.approx(60)
    with R3dFile(tmp_path / "walk.r3d") as source:
        for i, frame in enumerate(recording):
            assert frame.jpeg == source.jpeg(i)
            np.testing.assert_allclose(frame.depth_m, np.nan_to_num(depth[i]), atol=0.00051)
            assert frame.intrinsics.as_list() == [70, 71, 36, 48]
            assert frame.pose.position_m == (i, 0, 0)
            assert recording.line(i).time_utc is None


def test_a_damaged_frame_is_left_out_and_counted(tmp_path: Path) -> None:
    write_r3d(tmp_path / "walk.r3d", 5, damaged=(1, 3))
    writer = import_r3d(tmp_path / "walk.r3d", tmp_path / "set", lambda done, total: None)
    assert (writer.written, writer.lost) == (3, {"damaged": 2})
    recording = Recording(writer.path)
    assert [line.stream_index for line in recording.lines()] == [0, 2, 4]
    assert recording.info.lost == {"damaged": 2}


def test_nothing_whole(tmp_path: Path) -> None:
    write_r3d(tmp_path / "walk.r3d", 2, damaged=(0, 1))
    with pytest.raises(CaptureError, match="no frame of it is whole"):
        import_r3d(tmp_path / "walk.r3d", tmp_path / "set", lambda done, total: None)
    assert not (tmp_path / "set").exists()


def test_a_real_recording(real_data: Path, tmp_path: Path) -> None:
    with R3dFile(real_data / "desk-2.r3d") as source:
        writer = import_r3d(real_data / "desk-2.r3d", tmp_path, lambda done, total: None)
        recording = Recording(writer.path)
        assert len(recording) == len(source) == 90
        for i in range(0, 90, 10):
            line = recording.line(i)
            assert recording.file_bytes(line, "rgb") == source.jpeg(i)
            np.testing.assert_allclose(recording.depth_m(line), np.nan_to_num(source.depth_m(i)), atol=0.00051)
            assert (line.intrinsics, line.pose) == (source.intrinsics(i), source.pose(i))
