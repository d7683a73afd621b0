"""The benchmark's figures: a plane of known distance, the demo room with faults of the poses, real recordings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.bench.motion import bench
from app.bench.motion.bench import BenchMotionCommand, goals_of, run, text
from app.bench.motion.measure import MotionFigures, abs_rel, measure
from app.bench.motion.pose_faults import FAULTS
from capture.errors import LidarliveError
from capture.frame import Pose
from capture.room import DemoRoom
from model import store
from model.predictor import Predictor
from tests.support.frames import write_recording
from tests.support.textured_plane import plane_frames

FIGURES = MotionFigures(20, 1.0, 0.2, 0.15, 0.18, 18, 0.9, 0.7, 0.95, 5.0)


@pytest.fixture(scope="module")
def starter() -> Predictor:
    return Predictor(store.starter(), threads=1)


def test_a_plane_of_known_distance(starter: Predictor, tmp_path: Path) -> None:
    path = write_recording(tmp_path, "plane", plane_frames(16))
    figures = measure(path, starter)
    right = figures["none"]
    assert list(figures) == list(FAULTS)
    assert right.views == 16
    assert right.with_evidence >= 13
    assert right.motion < 0.6 * right.base
    assert right.moved is not None
    assert right.moved < right.motion
    assert all(f.motion < 1.1 * f.base for f in figures.values())


def test_few_agreeing_views_among_many_that_disagree_are_doubted(starter: Predictor, tmp_path: Path) -> None:
    noisy = measure(write_recording(tmp_path, "plane", plane_frames(40)), starter)["noise of 1 cm"]
    assert noisy.motion < 1.1 * noisy.base


def test_the_demo_room_is_not_made_worse_by_any_fault(starter: Predictor, tmp_path: Path) -> None:
    room = DemoRoom(0)
    frames = [room.render(i, (360, 480)) for i in range(45)]
    figures = measure(write_recording(tmp_path, "room", frames), starter)
    assert figures["none"].motion <= 1.02 * figures["none"].base
    assert figures["none"].with_evidence >= 8
    assert all(f.motion <= 1.1 * f.base for f in figures.values())


@pytest.mark.parametrize(("name", "most"), [("desk-1", 0.24), ("desk-2", 0.32)])
def test_real_desks(starter: Predictor, real_data: Path, name: str, most: float) -> None:
    figures = measure(real_data / f"{name}.r3d", starter)
    assert figures["none"].motion <= most
    assert all(f.motion <= 1.1 * f.base for f in figures.values())
    right = figures["none"]
    assert right.within_two is not None
    assert right.within_two >= 0.88


def test_a_real_door_handle_after_its_first_motion(starter: Predictor, real_data: Path) -> None:
    figures = measure(real_data / "door.r3d", starter)
    assert figures["none"].moved is not None
    assert figures["none"].moved <= 0.30
    assert all(f.motion <= 1.1 * f.base for f in figures.values())


def test_a_real_camera_that_only_turns_changes_nothing(starter: Predictor, real_data: Path) -> None:
    figures = measure(real_data / "tum-fr1-rpy", starter)
    assert all(f.motion <= 1.02 * f.base for f in figures.values())


def test_recordings_without_poses_are_refused(starter: Predictor, tmp_path: Path) -> None:
    frames = [replace(frame, pose=Pose()) for frame in plane_frames(5)]
    with pytest.raises(LidarliveError, match=r"no frames with pose.*Received: 5 frames"):
        measure(write_recording(tmp_path, "still", frames), starter)


def test_a_folder_of_recordings_is_refused(starter: Predictor, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_recording(tmp_path, name, plane_frames(2))
    with pytest.raises(LidarliveError, match="holds 2 recordings"):
        measure(tmp_path, starter)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match=r"nothing\.r3d"):
        run(BenchMotionCommand([tmp_path / "nothing.r3d"]))


def test_abs_rel_counts_readings_between_the_limits_only() -> None:
    depth_m = np.array([[0.0, 0.1, 1.0, 2.0, 6.0]], np.float32)
    assert abs_rel(np.array([[9.0, 9.0, 1.5, 1.0, 9.0]], np.float32), depth_m) == pytest.approx(0.5)


def test_goals_and_table() -> None:
    figures = dict.fromkeys(FAULTS, FIGURES)
    goals = goals_of("desk-1", figures)
    assert all(goal.met for goal in goals)
    assert len(goals) == 13
    bad = replace(FIGURES, motion=1.2, within_tenth=0.5, within_one=0.9, within_two=0.5, ms=20.0)
    missed = [goal.what for goal in goals_of("desk-1", {**figures, "none": bad}) if not goal.met]
    assert len(missed) == 6
    assert len(goals_of("kitchen", {**figures, "none": replace(FIGURES, within_one=None)})) == 7
    shown = text({"a/desk-1.r3d": figures}, goals)
    assert "| desk-1 | late by 3 frames | 1.000 | 0.200 | 0.180 | 0.150 | 18/20 | 90 % | 70 % | 95 % | 5.0 |" in shown
    assert "missed" not in shown


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setattr(bench, "measure", lambda path, predictor: dict.fromkeys(FAULTS, FIGURES))
    assert run(BenchMotionCommand([tmp_path], json=True)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["recordings"][str(tmp_path)]["frozen"]["motion"] == 0.2
    assert all(goal["met"] for goal in document["goals"])
    assert run(BenchMotionCommand([tmp_path])) == 0
    assert "| goal | measured |" in capsys.readouterr().out
