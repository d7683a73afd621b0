"""Times of the camera through exports and imports."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from capture.formats.base import ImportOptions
from capture.formats.exporting import Exported, ExportOptions, export_path
from capture.formats.importing import import_path
from capture.formats.r3d_reader import R3dFile
from capture.inspection.time_line import clock_of
from capture.recording import Recording
from tests.support.foreign import film, put, scan
from tests.support.frames import BOOTED_S, CAPTURED_S, make_frame, timed, write_recording
from tests.support.r3d_files import METADATA, members, write_r3d


def exported(path: Path, out: Path, format: str) -> Exported:
    return export_path(path, out, ExportOptions(format), lambda done, total: None)


def back(out: Path, dataset: Path) -> Recording:
    """What an import makes of an export."""
    return Recording(import_path(out, dataset, ImportOptions(), lambda done, total: None).path)


def timed_recording(dataset: Path, frames: int = 30) -> Path:
    """By the camera's clock, but for two frames; received up to 11 ms late."""
    sent = [timed(make_frame(i)) for i in range(frames)]
    sent[5], sent[7] = replace(sent[5], camera_time_s=None), replace(sent[7], camera_time_s=1.0)
    return write_recording(dataset, "timed", sent)


def test_exports_and_what_is_imported_of_them_have_the_cameras_times(tmp_path: Path) -> None:
    """So that USB does not show in a data set; r3d counts from the first frame, as the app does."""
    path = timed_recording(tmp_path / "set")
    exact_s = [i * CAPTURED_S for i in range(30) if i not in (5, 7)]
    for name, suffix in (("r3d", ".r3d"), ("tum", "")):
        out = tmp_path / f"out{suffix}"
        assert exported(path, out, name).remarks == [
            f"{path}: timed by arrival: 2 of 30 frames; the camera's clock went back, repeated or jumped in 1"
        ]
        times = list(back(out, tmp_path / name).times())
        begin_ns = times[0].time_ns
        found_s = [(time.time_ns - begin_ns) / 1e9 for i, time in enumerate(times) if i not in (5, 7)]
        np.testing.assert_allclose(found_s, exact_s, atol=2e-6)
        assert all(before.time_ns < after.time_ns for before, after in pairwise(times))
    assert times[0].time_ns == round(BOOTED_S * 1e9), "stamps of tum are those of the camera's clock"


def test_imports_keep_the_cameras_times(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "set", "timed", [timed(make_frame(i)) for i in range(12)])
    exported(path, tmp_path / "out.r3d", "r3d")
    recording = back(tmp_path / "out.r3d", tmp_path / "again")
    np.testing.assert_allclose([f.camera_time_s for f in recording], [i * CAPTURED_S for i in range(12)], atol=1e-8)
    assert clock_of(recording).name == "camera"
    exported(path, tmp_path / "tum", "tum")
    assert clock_of(back(tmp_path / "tum", tmp_path / "t")).name == "source"


def test_time_stamps_of_a_r3d_file_are_those_of_the_camera(tmp_path: Path) -> None:
    with R3dFile(write_r3d(tmp_path / "a.r3d", members())) as r3d:
        assert [r3d.read_frame(i).camera_time_s for i in range(3)] == [0, 0.04, 0.08]
    times = {**METADATA, "frameTimestamps": [-1, 1e20, 0.08]}
    with R3dFile(write_r3d(tmp_path / "b.r3d", members(times))) as r3d:
        assert [r3d.read_frame(i).camera_time_s for i in range(3)] == [None, None, 0.08]
    without = {key: value for key, value in METADATA.items() if key != "frameTimestamps"}
    with R3dFile(write_r3d(tmp_path / "c.r3d", members(without))) as r3d:
        assert r3d.read_frame(1).camera_time_s is None


def test_time_stamps_of_a_scan_are_those_of_the_camera(tmp_path: Path):
    source = tmp_path / "scan"
    put(source, scan(4))
    film(source / "rgb.mp4", 4)
    recording = Recording(import_path(source, tmp_path / "set", ImportOptions(), lambda *now: None).path)
    assert [frame.camera_time_s for frame in recording] == pytest.approx([81_000.5 + i / 60 for i in range(4)])
    assert all(time.by_camera for time in recording.times())
