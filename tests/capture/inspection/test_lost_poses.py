"""Frames without a pose are a remark, not damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from capture.frame import Pose
from capture.geometry.poses import LOST_POSE
from capture.inspection.examine import examine
from tests.support.walks import encoded_walk, write_encoded


def test_frames_without_a_pose_are_named(tmp_path: Path) -> None:
    frames = [replace(f, pose=LOST_POSE) if i in (0, 1, 5) else f for i, f in enumerate(encoded_walk(8))]
    found = examine(write_encoded(tmp_path, "walk", frames))
    (finding,) = (each for each in found.findings if each.kind == "no_pose")
    assert (finding.is_damage, finding.frames, finding.where) == (False, (0, 1, 5), "frames 0-1, 5")
    assert found.damage == ()


def test_a_recording_with_poses_or_none_at_all(tmp_path: Path) -> None:
    for name, pose in (("walk", None), ("bare", Pose())):
        frames = [replace(frame, pose=pose or frame.pose) for frame in encoded_walk(3)]
        kinds = [each.kind for each in examine(write_encoded(tmp_path, name, frames)).findings]
        assert "no_pose" not in kinds
