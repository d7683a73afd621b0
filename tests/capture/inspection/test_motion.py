"""Whether the camera moves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capture.frame import Pose
from capture.inspection.motion import Stillness, evenly_spaced, stillness
from capture.recording import Recording
from tests.support.frames import make_frame, write_recording


def test_stillness_by_pose(tmp_path: Path) -> None:
    """At 60 fps: 60 frames on one spot, then 60 at half a metre a second."""
    moved = [max(0, i - 60) * 0.5 / 60 for i in range(120)]
    frames = [replace(make_frame(i), pose=Pose((0.1, 0.0, 0.0, 0.99), (x, 0.0, 0.0))) for i, x in enumerate(moved)]
    found = stillness(Recording(write_recording(tmp_path, "half", frames)))
    assert found is not None
    assert found.by == "pose"
    assert found.share == pytest.approx(32 / 90, abs=0.02), "of 90 pairs half a second apart"


def test_turning_is_moving(tmp_path: Path) -> None:
    frames = [replace(make_frame(i), pose=Pose((0.0, i * 0.001, 0.0, 1.0))) for i in range(60)]
    assert stillness(Recording(write_recording(tmp_path, "turns", frames))) == Stillness(0.0, "pose")


def test_stillness_by_picture_without_poses(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    view = rng.integers(0, 256, (96, 72, 3), dtype=np.uint8)
    frames = [replace(make_frame(i), pose=Pose(), image=view) for i in range(40)]
    assert stillness(Recording(write_recording(tmp_path, "tripod", frames))) == Stillness(1.0, "picture")
    others = [
        replace(f, image=np.kron(rng.integers(0, 256, (12, 9, 1), dtype=np.uint8), np.ones((8, 8, 3), np.uint8)))
        for f in frames
    ]
    assert stillness(Recording(write_recording(tmp_path, "walk", others))) == Stillness(0.0, "picture")


def test_a_single_frame_has_no_stillness(tmp_path: Path) -> None:
    assert stillness(Recording(write_recording(tmp_path, "one", [make_frame(0)]))) is None


def test_invalid_poses_are_not_still(tmp_path: Path) -> None:
    frames = [replace(make_frame(30 * i), pose=Pose((float("nan"), 0.0, 0.0, 0.0))) for i in range(4)]
    assert stillness(Recording(write_recording(tmp_path, "nan", frames))) == Stillness(0.0, "pose")


def test_evenly_spaced() -> None:
    assert evenly_spaced(0, 5) == []
    assert evenly_spaced(3, 5) == [0, 1, 2]
    assert evenly_spaced(101, 5) == [0, 25, 50, 75, 100]
