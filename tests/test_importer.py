"""Import: JPEG bytes untouched, depth to half a millimetre, damage counted and survived, whatever the format."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable
from pathlib import Path

import cv2
import lzfse
import numpy as np
import pytest
from rich.console import Console

from app.frame_progress import frame_progress
from app.importing import import_sources
from capture.check import damage
from capture.encoding import encode_jpeg
from capture.formats.folders import ImageFolder
from capture.formats.r3d import R3dFile
from capture.formats.tum import TumSequence
from capture.frame import CaptureError, Intrinsics
from capture.importer import ImportOptions, import_path
from capture.recording import Recording
from capture.writer import RecordingWriter
from tests.foreign import carried_error_m, depth_map, jpeg, pairs, png, put, sequence


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


def test_members_that_lead_out_of_the_archive_are_only_names(tmp_path: Path) -> None:
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


def test_a_damaged_frame_is_left_out_and_counted(tmp_path: Path) -> None:
    write_r3d(tmp_path / "walk.r3d", 5, damaged=(1, 3))
    writer = imported(tmp_path / "walk.r3d", tmp_path / "set")
    assert (writer.written, writer.lost) == (3, {"damaged": 2})
    recording = Recording(writer.path)
    assert [line.stream_index for line in recording.lines()] == [0, 2, 4]
    assert recording.info.lost == {"damaged": 2}


def test_nothing_whole(tmp_path: Path) -> None:
    write_r3d(tmp_path / "walk.r3d", 2, damaged=(0, 1))
    with pytest.raises(CaptureError, match="no frame of it is whole"):
        imported(tmp_path / "walk.r3d", tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_folder_is_a_recording(tmp_path: Path):
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


def test_a_sequence_is_a_recording(tmp_path: Path):
    source = put(tmp_path / "fr3_walk", sequence(4))
    recording = Recording(imported(source, tmp_path / "set", ImportOptions(name="walk")).path)
    assert (recording.info.name, recording.info.note) == ("walk", "imported from fr3_walk")
    assert recording.seconds == pytest.approx(0.1, abs=1e-5)
    assert recording[3].depth_m[1, 1] == np.float32(1.003)
    assert list(damage(recording.path)) == []


def test_what_the_person_says(tmp_path: Path):
    options = ImportOptions(depth_scale=100, intrinsics=Intrinsics(70, 71, 36, 48), name="far")
    writer = imported(put(tmp_path / "in", pairs(1)), tmp_path / "set", options)
    frame = Recording(writer.path)[0]
    assert (frame.depth_m[1, 1], frame.intrinsics.as_list()) == (10, [70, 71, 36, 48])
    assert writer.path.name.endswith("_far")


def test_a_part_that_is_missing_or_damaged_costs_its_frame_and_is_named(tmp_path: Path):
    files = pairs(5) | {"depth/3.png": png(depth_map(1, (32, 24)))}
    del files["rgb/1.jpg"]
    remarks: list[str] = []
    source = put(tmp_path / "in", files)
    writer = import_path(source, tmp_path / "set", ImportOptions(), lambda done, total: None, remarks.append)
    assert (writer.written, writer.lost) == (3, {"damaged": 2})
    assert [line.stream_index for line in Recording(writer.path).lines()] == [0, 2, 4]
    assert remarks == [
        f"{source / 'rgb'} holds no 1; the files of a frame have one name",
        f"{source / 'depth' / '3.png'}: must have the shape of its picture, 72x96. Received: 32x24",
    ]


def test_a_remark_on_the_whole_is_told_and_kept(tmp_path: Path):
    files = sequence(3)
    files["depth.txt"] = files["depth.txt"].rpartition(b"\n")[0]
    remarks: list[str] = []
    source = put(tmp_path / "in", files)
    writer = import_path(source, tmp_path / "set", ImportOptions(), lambda done, total: None, remarks.append)
    assert (writer.written, writer.lost) == (2, {})
    assert remarks == [f"{source}: 1 of 3 pictures have no depth map within 0.02 s"]
    assert Recording(writer.path).info.note == "imported from in; 1 of 3 pictures have no depth map within 0.02 s"


def test_pictures_of_several_sizes_end_the_import(tmp_path: Path):
    source = put(tmp_path / "in", pairs(3) | {"rgb/2.jpg": jpeg(0, (144, 192))})
    with pytest.raises(CaptureError, match=r"all frames must have one size.*after 2 frames of another kind"):
        imported(source, tmp_path / "set")
    (left,) = (tmp_path / "set").iterdir()
    assert (len(Recording(left)), Recording(left).info.status) == (2, "incomplete")


def test_an_interrupt_leaves_what_is_whole_marked_incomplete(tmp_path: Path):
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_path(put(tmp_path / "in", pairs(3)), tmp_path / "set", ImportOptions(), interrupt)
    (left,) = (tmp_path / "set").iterdir()
    assert (len(Recording(left)), Recording(left).info.status) == (2, "incomplete")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_kill_leaves_what_is_whole_marked_incomplete_once_it_is_opened(tmp_path: Path):
    source = put(tmp_path / "in", pairs(9))
    program = (
        "import os, signal, sys; from pathlib import Path; from capture.importer import ImportOptions, import_path\n"
        "kill = lambda done, total: done == 4 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "import_path(Path(sys.argv[1]), Path(sys.argv[2]), ImportOptions(), kill)\n"
    )
    command = [sys.executable, "-c", program, source, tmp_path / "set"]
    assert subprocess.run(command, cwd=Path(__file__).parents[1], timeout=60).returncode == -signal.SIGKILL
    (left,) = (tmp_path / "set").iterdir()
    recording = Recording(left)
    assert (len(recording), recording.info.status, recording.info.note) == (4, "incomplete", "imported from in")
    assert "4 whole frames kept" in recording.repaired
    assert list(damage(left)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_sigterm_ends_it_as_an_interrupt_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    read = ImageFolder.encoded

    def terminated(folder: ImageFolder, i: int):
        if i == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return read(folder, i)

    monkeypatch.setattr(ImageFolder, "encoded", terminated)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        import_sources([put(tmp_path / "in", pairs(20))], tmp_path / "set", ImportOptions())
    assert signal.getsignal(signal.SIGTERM) == before
    assert f"is in {tmp_path / 'set'}, marked incomplete" in capsys.readouterr().err
    (left,) = (tmp_path / "set").iterdir()
    assert Recording(left).info.status == "incomplete"
    assert 0 < len(Recording(left)) < 20
    assert list(damage(left)) == []


def test_progress_shows_the_rate_and_the_time_left():
    now = [0.0]
    screen = io.StringIO()
    console = Console(file=screen, width=100)
    with frame_progress(console=console, get_time=lambda: now[0]) as progress:
        task = progress.add_task("walk.r3d", total=600)
        for done in range(0, 301, 30):
            progress.update(task, completed=done)
            now[0] += 0.2
        progress.refresh()
        console.print(progress.make_tasks_table(progress.tasks))
    assert re.search(r"walk\.r3d .* 300/600 150 frames/s 0:00:02", screen.getvalue())


def test_a_few_frames_are_held_at_a_time(tmp_path: Path):
    """What an import of 60 frames takes at most is what one of 6 takes: of 430 kB a frame none is kept."""
    noise = np.random.default_rng(0).integers(0, 255, (480, 300, 3), np.uint8)
    data = {"rgb": bytes(cv2.imencode(".jpg", noise)[1]), "depth": png(depth_map(1000, (300, 480)))}
    peaks = []
    for frames in (6, 60):
        files = {
            f"{kind}/{i}.{end}": data[kind] for i in range(frames) for kind, end in (("rgb", "jpg"), ("depth", "png"))
        }
        source = put(tmp_path / str(frames), files)
        tracemalloc.start()
        imported(source, tmp_path / "set")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 5 * len(data["rgb"])  # those that are read ahead come and go as they will


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is no folder of pictures and depth maps"),
        (lambda path: path.write_bytes(b"x"), "is not a Record3D file"),
        (lambda path: path.symlink_to(path), "does not exist"),
        (lambda path: put(path, {"recording.json": b"{}"}), "is a recording already"),
        (lambda path: put(path, {**pairs(1), "depth/0.png": png(np.zeros((32, 24), np.uint8))}), "8 bits, grey"),
        (lambda path: put(path, {**pairs(1), "depth/0.png": png(np.zeros((32, 24, 3), np.uint8))}), "8 bits, colour"),
        (lambda path: put(path, {"rgb/0.jpg": jpeg(0), "depth/1.png": png(depth_map(1))}), "depth holds no 0"),
    ],
)
def test_what_cannot_be_imported_leaves_nothing(make, fault: str, tmp_path: Path):
    make(tmp_path / "in")
    with pytest.raises(CaptureError, match=fault) as raised:
        imported(tmp_path / "in", tmp_path / "set")
    assert str(raised.value).startswith(str(tmp_path / "in"))
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("scale", [0, -1000, 0.001, 1e9, float("nan"), float("inf")])
def test_depth_scales_that_are_none(scale: float):
    with pytest.raises(CaptureError, match="depth scale is units a metre"):
        ImportOptions(depth_scale=scale)


def test_focal_lengths_that_are_none():
    with pytest.raises(CaptureError, match="focal lengths must be more than 0 pixels"):
        ImportOptions(intrinsics=Intrinsics(0, 500, 320, 240))


@pytest.mark.parametrize("options", [ImportOptions(depth_scale=1000), ImportOptions(intrinsics=Intrinsics(1, 1, 1, 1))])
def test_a_r3d_file_is_not_told_what_it_says(options: ImportOptions, tmp_path: Path):
    write_r3d(tmp_path / "walk.r3d", 1)
    with pytest.raises(CaptureError, match="says its own depth scale and intrinsics"):
        imported(tmp_path / "walk.r3d", tmp_path / "set", options)


def test_a_real_recording(real_data: Path, tmp_path: Path) -> None:
    with R3dFile(real_data / "desk-2.r3d") as source:
        writer = imported(real_data / "desk-2.r3d", tmp_path)
        recording = Recording(writer.path)
        assert len(recording) == len(source) == 90
        for i in range(0, 90, 10):
            line = recording.line(i)
            assert recording.file_bytes(line, "rgb") == source.jpeg(i)
            np.testing.assert_allclose(recording.depth_m(line), np.nan_to_num(source.depth_m(i)), atol=0.00051)
            assert (line.intrinsics, line.pose) == (source.intrinsics(i), source.pose(i))


@pytest.mark.parametrize(
    ("name", "frames", "units"),
    [
        *(("nyuv2/train", 700, 1000), ("nyuv2/val", 95, 1000), ("osd", 107, 1000), ("stills", 12, 1000)),
        *(("7scenes-redkitchen", 100, 1000), ("tum-fr1-rpy", 70, 5000)),
    ],
)
def test_real_images_are_what_their_files_hold(name: str, frames: int, units: float, real_data: Path, tmp_path: Path):
    folder = real_data / name
    source = TumSequence(folder) if name.startswith("tum") else ImageFolder(folder)
    pictures, depths = (sorted((folder / kind).iterdir(), key=by_number) for kind in ("rgb", "depth"))
    assert len(source) == len(pictures) == frames
    chosen = range(0, frames, frames // 4)
    for i, frame in zip(chosen, recorded(source, chosen, tmp_path), strict=True):
        if pictures[i].suffix == ".jpg":
            assert frame.jpeg == pictures[i].read_bytes()
        else:
            assert (
                np.abs(frame.rgb.astype(int) - cv2.imread(str(pictures[i]))[:, :, ::-1]).mean() < 5
            )  # it is a JPEG now
        raw = cv2.imread(str(depths[i]), cv2.IMREAD_UNCHANGED)
        np.testing.assert_allclose(frame.depth_m, raw / units, atol=0.00051)
        if name == "stills":
            levels = cv2.imread(str(folder / "confidence" / depths[i].name), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(frame.confidence, levels // 50)


@pytest.mark.parametrize(("name", "apart"), [("tum-fr1-rpy", 1), ("7scenes-redkitchen", 3)])
def test_real_poses_carry_one_picture_into_another(name: str, apart: int, real_data: Path, tmp_path: Path):
    """What is measured from one place is where the other measures it; with wrong axes it lies 5 cm to 40 cm off."""
    folder = real_data / name
    source = (
        TumSequence(folder) if name.startswith("tum") else ImageFolder(folder, 1000, Intrinsics(525, 525, 320, 240))
    )
    recording = recorded(source, [0, apart, 20, 20 + apart, 50, 50 + apart], tmp_path)
    for i in (0, 2, 4):
        assert carried_error_m(recording[i], recording[i + 1]) < 0.025


def recorded(source: ImageFolder | TumSequence, chosen: Iterable[int], dataset: Path) -> Recording:
    """A recording of some frames of a large data set."""
    with RecordingWriter(dataset, "chosen", source="test") as writer:
        for i in chosen:
            writer.append(source.encoded(i))
    return Recording(writer.path)


def by_number(file: Path) -> tuple[str, int | str]:
    """osd's learn2 before learn10; the others have one number of digits."""
    letters = file.stem.rstrip("0123456789")
    return (letters, int(file.stem.removeprefix(letters))) if letters.isalpha() else ("", file.stem)
