"""Import of real recordings: their contents, and poses that map one picture onto another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.formats.base import ImportOptions
from capture.formats.folders_reader import ImageFolder
from capture.formats.importing import import_path
from capture.formats.r3d_reader import R3dFile
from capture.formats.tum_reader import TumSequence
from capture.frame import Intrinsics
from capture.recording import Recording
from capture.storage.writer import RecordingWriter
from tests.support.foreign import carried_error_m


def test_a_real_recording(real_data: Path, tmp_path: Path) -> None:
    with R3dFile(real_data / "desk-2.r3d") as source:
        writer = import_path(real_data / "desk-2.r3d", tmp_path, ImportOptions(), lambda done, total: None)
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
            writer.append(source.read_frame(i))
    return Recording(writer.path)


def by_number(file: Path) -> tuple[str, int | str]:
    """osd's learn2 before learn10; the others have one number of digits."""
    letters = file.stem.rstrip("0123456789")
    return (letters, int(file.stem.removeprefix(letters))) if letters.isalpha() else ("", file.stem)
