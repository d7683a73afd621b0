"""Export of recordings that lack poses or intrinsics, wholly or in some frames."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.exporting import Exported, ExportOptions, export_path
from capture.formats.importing import import_path
from capture.frame import Intrinsics, Pose
from capture.geometry.poses import LOST_POSE
from capture.recording import Recording
from tests.support.walks import encoded_walk, write_encoded


def exported(path: Path, out: Path, format: str) -> Exported:
    return export_path(path, out, ExportOptions(format), lambda done, total: None)


def back(out: Path, dataset: Path) -> Recording:
    """What an import makes of an export."""
    return Recording(import_path(out, dataset, ImportOptions(), lambda done, total: None).path)


def lost_walk(dataset: Path, frames: int, lost: tuple[int, ...]) -> Path:
    """A recording whose frames `lost` have no pose: zeros, as Record3D writes them, or no numbers at all."""
    zeros, nothing = Pose((0.0, 0.0, 0.0, 0.0)), Pose((0.0, 0.0, 0.0, 1.0), (math.nan, 0.0, 0.0))
    walk = [
        replace(frame, pose=(zeros if i % 2 else nothing) if i in lost else frame.pose)
        for i, frame in enumerate(encoded_walk(frames))
    ]
    return write_encoded(dataset, "walk", walk)


@pytest.mark.parametrize("format", ["r3d", "tum", "folders"])
def test_frames_without_a_pose_are_exported(format: str, tmp_path: Path):
    path = lost_walk(tmp_path / "in", 5, (0, 1))
    done = exported(path, tmp_path / "out", format)
    assert done == Exported(frames=5, remarks=[f"{path}: 2 of 5 frames have no pose"])
    again = back(tmp_path / "out", tmp_path / "set")
    unknown = Pose() if format == "tum" else LOST_POSE
    assert [line.pose == unknown for line in again.lines()] == [True, True, False, False, False]
    if format == "tum":
        assert len((tmp_path / "out" / "groundtruth.txt").read_text().splitlines()) == 1 + 3


def test_a_format_that_needs_poses_leaves_frames_without_one_out(tmp_path: Path):
    path = lost_walk(tmp_path / "in", 4, (2,))
    progress: list[tuple[int, int]] = []
    done = export_path(path, tmp_path / "out", ExportOptions("nerfstudio"), lambda *now: progress.append(now))
    assert done == Exported(frames=3, left_out=1, remarks=[f"{path}: 1 of 4 frames has no pose and was left out"])
    assert progress == [(i + 1, 4) for i in range(4)]
    assert len(json.loads((tmp_path / "out" / "transforms.json").read_text())["frames"]) == 3


def test_a_recording_without_any_pose(tmp_path: Path):
    path = lost_walk(tmp_path / "in", 3, (0, 1, 2))
    for format in ("r3d", "tum", "folders", "ply"):
        assert exported(path, tmp_path / format, format).damaged == 0
    names = {child.name for child in (tmp_path / "tum").iterdir()} | {c.name for c in (tmp_path / "folders").iterdir()}
    assert not {"groundtruth.txt", "pose"} & names
    with pytest.raises(
        LidarliveError, match=r"no intact frame has a pose, which nerfstudio needs\. Choose .*: r3d, tum"
    ):
        exported(path, tmp_path / "out", "nerfstudio")
    assert not (tmp_path / "out").exists()


def without_intrinsics(dataset: Path, frames: int, known: int = 0) -> Path:
    walk = encoded_walk(frames)
    return write_encoded(
        dataset, "bare", [*walk[:known], *(replace(f, intrinsics=Intrinsics(0, 0, 0, 0)) for f in walk[known:])]
    )


@pytest.mark.parametrize(
    ("known", "words"), [(0, "it has no intrinsics"), (2, "1 of 3 frames has no intrinsics"), (3, "")]
)
def test_a_record3d_file_without_intrinsics_is_remarked_on(known: int, words: str, tmp_path: Path):
    path = without_intrinsics(tmp_path / "in", 3, known)
    rest = ": they are 0 in the file, and other programs need them. Import it again with --intrinsics"
    assert exported(path, tmp_path / "out", "r3d").remarks == ([f"{path}: {words}{rest}"] if words else [])


def test_a_missing_focal_length_is_refused_in_the_same_words(tmp_path: Path):
    path = without_intrinsics(tmp_path / "in", 1)
    words = (
        "needs the camera's focal length, which this recording does not have. Import it again with --intrinsics, or "
        "choose another format"
    )
    for format, who in (("ply", "frame 0: a point cloud"), ("nerfstudio", "nerfstudio")):
        with pytest.raises(LidarliveError) as raised:
            exported(path, tmp_path / "out", format)
        assert str(raised.value) == f"{who} {words}"
