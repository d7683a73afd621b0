"""Import: JPEG bytes unchanged, depth to half a millimetre, damage counted and skipped, in every format."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import lzfse
import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from capture.formats.r3d_reader import R3dFile
from capture.frame import Intrinsics
from capture.inspection.checksums import damage
from capture.recording import Recording
from capture.storage.encoding import encode_jpeg
from capture.storage.writer import RecordingWriter
from tests.support.foreign import depth_map, jpeg, pairs, png, put, sequence


def imported(source: Path, dataset: Path, options: ImportOptions | None = None) -> RecordingWriter:
    return import_path(source, dataset, options or ImportOptions(), lambda done, total: None)


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
    remarks: list[str] = []
    writer = import_path(
        tmp_path / "walk.r3d", tmp_path / "set", ImportOptions(), lambda *now: progress.append(now), remarks.append
    )
    assert writer.path is not None
    recording = Recording(writer.path)
    assert (progress, remarks) == ([(i + 1, 5) for i in range(5)], [])
    assert (len(recording), recording.info.status, recording.info.has_confidence) == (5, "closed", False)
    assert recording.fps == pytest.approx(60)
    with R3dFile(tmp_path / "walk.r3d") as source:
        for i, frame in enumerate(recording):
            assert frame.jpeg == source.jpeg(i)
            np.testing.assert_allclose(frame.depth_m, np.nan_to_num(depth[i]), atol=0.00051)
            assert frame.intrinsics.as_list() == [70, 71, 36, 48]
            assert frame.pose.position_m == (i, 0, 0)
            assert recording.line(i).time_utc is None


@pytest.mark.parametrize(
    ("size", "depth_size", "kind", "confidence", "old"),
    [
        ((72, 96), (24, 32), 1, True, False),
        ((96, 72), (32, 24), 1, True, False),
        ((72, 96), (24, 32), 1, False, True),
        ((96, 72), (32, 24), 1, False, True),
        ((48, 64), (48, 64), 0, False, False),
        ((48, 64), (48, 64), 0, False, True),
    ],
    ids=["portrait", "landscape", "old portrait", "old landscape", "TrueDepth", "old TrueDepth"],
)
def test_every_kind_of_r3d(
    size: tuple[int, int], depth_size: tuple[int, int], kind: int, confidence: bool, old: bool, tmp_path: Path
) -> None:
    depth = np.full(depth_size[::-1], 1.25, np.float32)
    depth[0, :4] = np.nan, np.inf, -1, 70
    metadata = {"w": size[0], "h": size[1], "fps": 30, "K": [70, 0, 0, 0, 71, 0, 36, 48, 1], "poses": []}
    if not old:
        metadata |= {"dw": depth_size[0], "dh": depth_size[1], "cameraType": kind, "frameTimestamps": [5, 5.5]}
    files = {"metadata": json.dumps(metadata).encode()}
    for i in range(2):
        files[f"rgbd/{i}.jpg"] = jpeg(i, size)
        files[f"rgbd/{i}.depth"] = lzfse.compress(depth.tobytes())
        if confidence:
            files[f"rgbd/{i}.conf"] = lzfse.compress(bytes([i]) * depth.size)
    recording = Recording(imported(zipped(tmp_path / "walk.r3d", files), tmp_path / "set").path)
    assert list(damage(recording.path)) == []
    assert (recording.info.rgb_size, recording.info.depth_size) == (size, depth_size)
    assert recording.info.camera == ("lidar" if kind and not old else "truedepth")  # tiny maps are not the LiDAR's
    assert recording.seconds == pytest.approx(1 / 30 if old else 0.5)
    frame = recording[1]
    assert frame.depth_m[0, :5].tolist() == [0, 0, 0, 0, 1.25]
    assert (frame.confidence is not None) == confidence
    assert frame.pose.as_list() == [0, 0, 0, 1, 0, 0, 0]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_members_with_paths_outside_the_archive_are_harmless(tmp_path: Path) -> None:
    """Zip slip, absolute paths, links: nothing is written but below the data set, and nothing else is read."""
    write_r3d(tmp_path / "walk.r3d", 3)
    with zipfile.ZipFile(tmp_path / "walk.r3d", "a") as archive:
        for name in ("../evil.jpg", "rgbd/../../evil.jpg", str(tmp_path / "evil.jpg"), "C:\\evil.jpg", "rgbd/../9.jpg"):
            archive.writestr(name, b"evil")
        link = zipfile.ZipInfo("rgbd/2.jpg")
        link.external_attr = 0o120777 << 16
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(link, "/etc/passwd")
    remarks: list[str] = []
    writer = import_path(tmp_path / "walk.r3d", tmp_path / "set", ImportOptions(), lambda *now: None, remarks.append)
    assert (writer.written, writer.lost) == (2, {"damaged": 1})
    assert remarks == [f"{tmp_path / 'walk.r3d'}: rgbd/2.jpg: not a whole JPEG. Received: 11 bytes, 2f65...7764"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "walk.r3d"]


def test_a_damaged_frame_is_skipped_and_counted(tmp_path: Path) -> None:
    write_r3d(tmp_path / "walk.r3d", 5, damaged=(1, 3))
    writer = imported(tmp_path / "walk.r3d", tmp_path / "set")
    assert (writer.written, writer.lost) == (3, {"damaged": 2})
    recording = Recording(writer.path)
    assert [line.stream_index for line in recording.lines()] == [0, 2, 4]
    assert recording.info.lost == {"damaged": 2}


def test_no_intact_frame(tmp_path: Path) -> None:
    write_r3d(tmp_path / "walk.r3d", 2, damaged=(0, 1))
    with pytest.raises(LidarliveError, match="no frame is intact"):
        imported(tmp_path / "walk.r3d", tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_import_of_a_folder(tmp_path: Path):
    files = {f"confidence/{i}.png": png(np.full((32, 24), 50 * i, np.uint8)) for i in range(3)}
    source = put(tmp_path / "desk", pairs(3) | files)
    recording = Recording(imported(source, tmp_path / "set").path)
    assert (recording.info.name, recording.info.source, recording.info.status) == ("desk", "desk", "closed")
    assert recording.fps == pytest.approx(30)
    for i, frame in enumerate(recording):
        assert frame.jpeg == (source / "rgb" / f"{i}.jpg").read_bytes()
        assert (frame.depth_m[0, 0], frame.depth_m[1, 1], frame.depth_m[-1, -1]) == (0, np.float32(1 + i / 1000), 0)
        assert set(frame.confidence.ravel()) == {i}
        assert frame.intrinsics.as_list() == [0, 0, 0, 0]
        assert recording.line(i).time_utc is None
    assert list(damage(recording.path)) == []


def test_import_of_a_sequence(tmp_path: Path):
    source = put(tmp_path / "fr3_walk", sequence(4))
    recording = Recording(imported(source, tmp_path / "set", ImportOptions(name="walk")).path)
    assert (recording.info.name, recording.info.note) == ("walk", "imported from fr3_walk")
    assert recording.seconds == pytest.approx(0.1, abs=1e-5)
    assert recording[3].depth_m[1, 1] == np.float32(1.003)
    assert list(damage(recording.path)) == []


def test_options_of_the_user(tmp_path: Path):
    options = ImportOptions(depth_scale=100, intrinsics=Intrinsics(70, 71, 36, 48), name="far")
    writer = imported(put(tmp_path / "in", pairs(1)), tmp_path / "set", options)
    frame = Recording(writer.path)[0]
    assert (frame.depth_m[1, 1], frame.intrinsics.as_list()) == (10, [70, 71, 36, 48])
    assert writer.path.name.endswith("_far")


def test_frames_with_missing_or_damaged_parts_are_skipped_and_named(tmp_path: Path):
    files = pairs(5) | {"depth/3.png": png(depth_map(1, (32, 24)))}
    del files["rgb/1.jpg"]
    remarks: list[str] = []
    source = put(tmp_path / "in", files)
    writer = import_path(source, tmp_path / "set", ImportOptions(), lambda done, total: None, remarks.append)
    assert (writer.written, writer.lost) == (3, {"damaged": 2})
    assert [line.stream_index for line in Recording(writer.path).lines()] == [0, 2, 4]
    assert remarks == [
        f"{source / 'rgb'} has no file 1. The files of a frame must have one name",
        f"{source / 'depth' / '3.png'}: must have the shape of its picture, 72x96. Received: 32x24",
    ]


def test_remarks_are_reported_and_stored(tmp_path: Path):
    files = sequence(3)
    files["depth.txt"] = files["depth.txt"].rpartition(b"\n")[0]
    remarks: list[str] = []
    source = put(tmp_path / "in", files)
    writer = import_path(source, tmp_path / "set", ImportOptions(), lambda done, total: None, remarks.append)
    assert (writer.written, writer.lost) == (2, {})
    assert remarks == [f"{source}: 1 of 3 pictures has no depth map within 0.02 s"]
    assert Recording(writer.path).info.note == "imported from in; 1 of 3 pictures has no depth map within 0.02 s"


def test_pictures_of_several_sizes_end_the_import(tmp_path: Path):
    source = put(tmp_path / "in", pairs(3) | {"rgb/2.jpg": jpeg(0, (144, 192))})
    with pytest.raises(LidarliveError, match=r"all frames must have the same sizes.*after 2 other frames"):
        imported(source, tmp_path / "set")
    (left,) = (tmp_path / "set").iterdir()
    assert (len(Recording(left)), Recording(left).info.status) == (2, "incomplete")


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is not a folder of pictures and depth maps"),
        (
            lambda path: path.write_bytes(b"x"),
            r"has no known import format. Known formats: Record3D",
        ),
        (lambda path: path.symlink_to(path), "does not exist"),
        (lambda path: put(path, {"recording.json": b"{}"}), "is a recording already"),
        (lambda path: put(path, {**pairs(1), "depth/0.png": png(np.zeros((32, 24), np.uint8))}), "8 bits, grey"),
        (lambda path: put(path, {**pairs(1), "depth/0.png": png(np.zeros((32, 24, 3), np.uint8))}), "8 bits, colour"),
        (lambda path: put(path, {"rgb/0.jpg": jpeg(0), "depth/1.png": png(depth_map(1))}), "depth has no file 0"),
    ],
)
def test_failed_imports_leave_nothing(make, fault: str, tmp_path: Path):
    make(tmp_path / "in")
    with pytest.raises(LidarliveError, match=fault) as raised:
        imported(tmp_path / "in", tmp_path / "set")
    assert str(raised.value).startswith(str(tmp_path / "in"))
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("scale", [0, -1000, 0.001, 1e9, float("nan"), float("inf")])
def test_invalid_depth_scales(scale: float):
    with pytest.raises(LidarliveError, match="depth scale must be 1 "):
        ImportOptions(depth_scale=scale)


def test_invalid_focal_lengths():
    with pytest.raises(LidarliveError, match="focal lengths must be more than 0 pixels"):
        ImportOptions(intrinsics=Intrinsics(0, 500, 320, 240))


@pytest.mark.parametrize("options", [ImportOptions(depth_scale=1000), ImportOptions(intrinsics=Intrinsics(1, 1, 1, 1))])
def test_r3d_files_reject_a_depth_scale_and_intrinsics(options: ImportOptions, tmp_path: Path):
    write_r3d(tmp_path / "walk.r3d", 1)
    with pytest.raises(LidarliveError, match="contains its own depth scale and intrinsics"):
        imported(tmp_path / "walk.r3d", tmp_path / "set", options)
