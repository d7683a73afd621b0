"""Export: round trips, skipped frames, and that interrupted exports leave nothing."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.exporting import Exported, ExportOptions, export_path
from capture.formats.folders_reader import ImageFolder
from capture.formats.importing import import_path
from capture.formats.registry import WRITERS
from capture.frame import Pose
from capture.recording import Recording
from capture.storage.encoding import EncodedFrame, decode_png
from tests.support.foreign import depth_map, png, rotation
from tests.support.frames import make_frame, write_recording
from tests.support.walks import encoded_walk, write_encoded

FORMATS = [writer.name for writer in WRITERS]
SEQUENCES = ("r3d", "tum", "nerfstudio", "folders")


def exported(path: Path, out: Path, format: str, **options: object) -> Exported:
    return export_path(path, out, ExportOptions(format, **options), lambda done, total: None)


def back(out: Path, dataset: Path) -> Recording:
    """What an import makes of an export."""
    return Recording(import_path(out, dataset, ImportOptions(), lambda done, total: None).path)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoded(tmp_path_factory.mktemp("set"), "walk", encoded_walk(4))


@pytest.mark.parametrize("format", ["r3d", "tum", "folders"])
def test_round_trip(format: str, walk: Path, tmp_path: Path):
    progress: list[tuple[int, int]] = []
    done = export_path(walk, tmp_path / "out", ExportOptions(format), lambda *now: progress.append(now))
    assert done == Exported(frames=4)
    assert progress == [(i + 1, 4) for i in range(4)]
    assert [child.name for child in tmp_path.iterdir()] == ["out"]
    recording, again = Recording(walk), back(tmp_path / "out", tmp_path / "set")
    assert len(again) == 4
    assert again.info.has_confidence == (format != "tum")
    for i in range(4):
        before, after = recording[i], again[i]
        assert after.jpeg == before.jpeg
        np.testing.assert_array_equal(after.depth_m, before.depth_m)
        if format != "tum":
            np.testing.assert_array_equal(after.confidence, before.confidence)
        assert after.intrinsics == before.intrinsics
        np.testing.assert_allclose(after.pose.position_m, before.pose.position_m, atol=1e-6)
        np.testing.assert_allclose(rotation(after.pose), rotation(before.pose), atol=1e-6)
        assert after.camera == before.camera


@pytest.mark.parametrize(("format", "within_ns"), [("r3d", 0), ("tum", 1000)])
def test_times_survive_the_round_trip(format: str, within_ns: int, walk: Path, tmp_path: Path):
    exported(walk, tmp_path / "out", format)
    recordings = Recording(walk), back(tmp_path / "out", tmp_path / "set")
    before, after = ([line.received_ns for line in recording.lines()] for recording in recordings)
    np.testing.assert_allclose(np.subtract(after, after[0]), np.subtract(before, before[0]), atol=within_ns, rtol=0)


@pytest.mark.parametrize("format", ["r3d", "tum", "folders"])
def test_what_is_unknown_stays_unknown(format: str, tmp_path: Path):
    """A recording of a data set without camera, poses and confidence."""
    frames = [
        replace(frame, intrinsics=type(frame.intrinsics)(0, 0, 0, 0), pose=Pose())
        for frame in encoded_walk(2, confidence=False)
    ]
    exported(write_encoded(tmp_path / "in", "bare", frames), tmp_path / "out", format)
    again = back(tmp_path / "out", tmp_path / "set")
    assert not again.info.has_confidence
    assert {(line.pose, line.intrinsics.fx) for line in again.lines()} == {(Pose(), 0.0)}
    if format != "r3d":
        names = {child.name for child in (tmp_path / "out").iterdir()}
        assert names == {"rgb", "depth"} | ({"rgb.txt", "depth.txt"} if format == "tum" else set())


@pytest.mark.parametrize("format", SEQUENCES)
def test_a_damaged_frame_is_skipped_and_counted(format: str, tmp_path: Path):
    path = write_encoded(tmp_path / "in", "walk", encoded_walk(5))
    (path / "rgb" / "000001.jpg").write_bytes(Recording(path).encoded(2).jpeg)
    (path / "depth" / "000003.png").unlink()
    faults: list[str] = []
    done = export_path(path, tmp_path / "out", ExportOptions(format), lambda *now: None, faults.append)
    assert done == Exported(frames=3, damaged=2)
    assert faults == [
        f"{path / 'rgb' / '000001.jpg'}: is not what was recorded (its checksum differs). Try: lidarlive check",
        f"{path / 'depth' / '000003.png'}: cannot be read (No such file or directory). Try: lidarlive check",
    ]
    if format != "nerfstudio":
        assert [frame.jpeg for frame in back(tmp_path / "out", tmp_path / "set")] == [
            Recording(path).encoded(i).jpeg for i in (0, 2, 4)
        ]


def test_a_data_set_is_a_folder_of_exports(tmp_path: Path):
    paths = [write_recording(tmp_path / "in", name, [make_frame(i) for i in range(2)]) for name in ("a", "b")]
    assert exported(tmp_path / "in", tmp_path / "out", "r3d") == Exported(frames=4)
    names = [f"{path.name}.r3d" for path in paths]
    assert sorted(child.name for child in (tmp_path / "out").iterdir()) == names
    assert len(back(tmp_path / "out" / names[1], tmp_path / "set")) == 2
    exported(tmp_path / "in", tmp_path / "folders", "folders")
    assert sorted(child.name for child in (tmp_path / "folders").iterdir()) == [path.name for path in paths]


def test_a_torn_recording_is_repaired_and_reported(tmp_path: Path):
    path = write_encoded(tmp_path / "in", "torn", encoded_walk(2))
    info = (path / "recording.json").read_text().replace('"closed"', '"recording"')
    (path / "recording.json").write_text(info)
    done = exported(path, tmp_path / "out", "r3d")
    assert (done.frames, done.repaired, len(done.remarks)) == (2, True, 1)


@pytest.mark.parametrize("format", ["tum", "nerfstudio", "folders"])
def test_depth_at_the_pictures_size(format: str, walk: Path, tmp_path: Path):
    """Every pixel has the reading that it lies in, and no other values occur."""
    exported(walk, tmp_path / "out", format, depth_size="rgb")
    folder = {"tum": "depth", "nerfstudio": "depths", "folders": "Y"}[format]
    files = sorted((tmp_path / "out" / folder).iterdir())
    for i, file in enumerate(files):
        small = decode_png(Recording(walk).encoded(i).depth_png, (24, 32), np.uint16)
        large = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(large, np.kron(small, np.ones((3, 3))) * (5 if format == "tum" else 1))
    assert len(files) == 4


def test_the_layout_of_the_first_data_set(tmp_path: Path):
    """X/ and Y/, of one size and one name each; sizes that are no multiple of each other; ours again by import."""
    frame = encoded_walk(1)[0]
    picture = bytes(cv2.imencode(".jpg", np.zeros((96, 70, 3), np.uint8))[1])
    path = write_encoded(tmp_path / "in", "walk", [replace(frame, jpeg=picture, rgb_size=(70, 96))])
    exported(path, tmp_path / "out", "folders", depth_size="rgb")
    assert sorted(child.name for child in (tmp_path / "out").iterdir()) == [
        *("X", "Y", "confidence", "intrinsics.txt", "pose")
    ]
    assert (tmp_path / "out" / "X" / "000000.jpg").read_bytes() == picture
    again = ImageFolder(tmp_path / "out").read_frame(0)
    assert (again.rgb_size, again.depth_size, again.intrinsics) == ((70, 96), (70, 96), frame.intrinsics)
    for large, small, kind in (
        (again.depth_png, frame.depth_png, np.uint16),
        (again.confidence_png, frame.confidence_png, np.uint8),
    ):
        pixels, readings = decode_png(large, (70, 96), kind), decode_png(small, (24, 32), kind)
        for row, column in np.ndindex(pixels.shape):
            middle = (row + 0.5) / 96, (column + 0.5) / 70
            assert pixels[row, column] == readings[int(middle[0] * 32), int(middle[1] * 24)]


def test_the_cloud_of_a_frame(walk: Path, tmp_path: Path):
    for frame, out in ((None, "middle.ply"), (2, "two.ply"), (0, "first.ply")):
        assert exported(walk, tmp_path / out, "ply", frame=frame) == Exported(frames=1)
    middle, two, first = ((tmp_path / name).read_bytes() for name in ("middle.ply", "two.ply", "first.ply"))
    assert middle == two != first
    with pytest.raises(LidarliveError, match=r"has 4 frames, counted from 0. Received: --frame 4"):
        exported(walk, tmp_path / "out", "ply", frame=4)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"format": "bag"}, "--format must be r3d, tum, nerfstudio, folders or ply. Received: 'bag'"),
        ({"format": "tum", "depth_size": "big"}, "--depth-size must be own or rgb. Received: 'big'"),
        ({"format": "r3d", "depth_size": "rgb"}, "--depth-size rgb is for tum, nerfstudio or folders. Received"),
        ({"format": "tum", "frame": 1}, "--frame is for ply"),
    ],
)
def test_invalid_options(options: dict[str, object], line: str):
    with pytest.raises(LidarliveError, match=line):
        ExportOptions(**options)


@pytest.mark.parametrize("format", FORMATS)
def test_existing_files_are_never_replaced(format: str, walk: Path, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(LidarliveError, match=f"{name} exists already"):
            exported(walk, tmp_path / name, format)
    with pytest.raises(LidarliveError, match="cannot be written"):
        exported(walk, tmp_path / "file" / "out", format)
    assert (tmp_path / "file").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("format", SEQUENCES)
def test_a_file_that_appears_meanwhile_is_never_replaced(format: str, walk: Path, tmp_path: Path):
    out = tmp_path / "out"
    with pytest.raises(LidarliveError, match="exists already"):
        export_path(walk, out, ExportOptions(format), lambda *now: out.write_text("mine"))
    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("format", SEQUENCES)
def test_an_interrupt_leaves_nothing(format: str, walk: Path, tmp_path: Path):
    seen = []

    def interrupt(done: int, total: int) -> None:
        seen.extend(tmp_path.rglob("*"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_path(walk, tmp_path / "out", ExportOptions(format), interrupt)
    assert seen
    assert tmp_path / "out" not in seen
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_no_intact_frame(format: str, tmp_path: Path):
    path = write_encoded(tmp_path / "in", "walk", encoded_walk(1))
    (path / "rgb" / "000000.jpg").write_bytes(b"")
    with pytest.raises(LidarliveError, match=r"no frame is intact. The first fault: .*000000.jpg"):
        exported(path, tmp_path / "out", format)
    (path / "frames.jsonl").write_bytes(b"")
    with pytest.raises(LidarliveError, match=r"no frame is intact\. The first fault: it has no frame"):
        exported(path, tmp_path / "out", format)
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]


@pytest.mark.parametrize("format", ["nerfstudio", "ply"])
def test_a_format_that_needs_a_focal_length(format: str, tmp_path: Path):
    frame = encoded_walk(1)[0]
    path = write_encoded(tmp_path / "in", "x", [replace(frame, intrinsics=type(frame.intrinsics)(0, 0, 0, 0))])
    with pytest.raises(LidarliveError, match="needs the camera's focal length"):
        exported(path, tmp_path / "out", format)
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]


def large_frame() -> EncodedFrame:
    """One whose picture has 430 kB."""
    noise = np.random.default_rng(0).integers(0, 255, (480, 300, 3), np.uint8)
    return replace(
        encoded_walk(1, confidence=False)[0],
        jpeg=bytes(cv2.imencode(".jpg", noise)[1]),
        rgb_size=(300, 480),
        depth_png=png(depth_map(1000, (300, 480))),
        depth_size=(300, 480),
    )


@pytest.fixture(scope="module")
def short_and_long(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    frame = large_frame()
    dataset = tmp_path_factory.mktemp("large")
    return [
        write_encoded(dataset, "x", [replace(frame, index=i, received_ns=i * 10**7) for i in range(frames)])
        for frames in (4, 40)
    ]


@pytest.mark.parametrize("format", SEQUENCES)
def test_memory_does_not_grow_with_the_number_of_frames(format: str, short_and_long: list[Path], tmp_path: Path):
    """40 frames take as much as 4, except for numbers and names: no frame of 430 kB is kept."""

    def peak(path: Path, out: Path) -> int:
        tracemalloc.start()
        exported(path, out, format)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # The lower of two: a table of the interpreter may grow by megabytes during one of them.
    short, long = (min(peak(path, tmp_path / f"{path.name}{i}") for i in range(2)) for path in short_and_long)
    assert long < short + 200_000


@pytest.mark.parametrize("format", SEQUENCES)
def test_a_full_disk_ends_in_one_line(format: str, short_and_long: list[Path], small_disk: Path):
    with open(small_disk / "ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small_disk).free - 2_000_000)
    with pytest.raises(LidarliveError, match=r"out: cannot be written \(No space left on device\). Free some space"):
        exported(short_and_long[1], small_disk / "out", format)
    assert [child.name for child in small_disk.iterdir()] == ["ballast"]
