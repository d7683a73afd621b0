"""Record3D files whose tracking began late, was lost, or never worked."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.formats.r3d_reader import R3dFile
from capture.frame import Pose
from tests.support.r3d_files import METADATA, members, write_r3d


@pytest.mark.parametrize("lost", [[0] * 7, [0, 0, 0, 0, 1, 2, 3], [float("nan")] * 7, [0, 0, 0, 1, float("inf"), 0, 0]])
def test_zeros_are_no_pose(tmp_path: Path, lost: list[float]) -> None:
    """Tracking began late."""
    poses = METADATA["poses"]
    with R3dFile(write_r3d(tmp_path / "a.r3d", members(METADATA | {"poses": [lost, *poses[1:]]}))) as r3d:
        assert [r3d.pose(i).as_list() for i in range(3)] == [[0] * 7, *poses[1:]]
        assert r3d.remark == ""
    with R3dFile(write_r3d(tmp_path / "b.r3d", members(METADATA | {"poses": [lost] * 3}))) as r3d:
        assert [r3d.pose(i) for i in range(3)] == [Pose()] * 3
        assert r3d.remark == "none of its 3 frames has a pose: all are zeros"
