"""Figures with the scale from motion: beside those of the network alone, never mixed with them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.evaluate import EvaluateCommand, run
from capture.errors import LidarliveError
from capture.frame import Pose
from model import store
from model.evaluation.evaluate import evaluate, evaluate_with_motion
from tests.support.frames import write_recording
from tests.support.textured_plane import plane_frames


@pytest.fixture
def moving(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "moving", "moving", plane_frames(20))


@pytest.fixture
def without_poses(tmp_path: Path) -> Path:
    return write_recording(tmp_path / "without", "without", [replace(f, pose=Pose()) for f in plane_frames(6)])


def test_a_moving_camera_mends_the_scale(moving: Path, without_poses: Path) -> None:
    seen: list[tuple[int, int]] = []
    both = [moving, without_poses]
    plain = evaluate(both, store.starter())
    scaled = evaluate_with_motion(both, store.starter(), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (26, 26)
    assert list(scaled.recordings) == list(plain.recordings)
    assert 15 <= scaled.scaled_frames < 20
    one, other = plain.recordings
    assert _abs_rel(scaled.recordings[one]) < 0.6 * _abs_rel(plain.recordings[one])
    assert scaled.recordings[other] == plain.recordings[other]
    assert scaled.all["far"]["frames"] == plain.all["far"]["frames"] == 26


def test_recordings_begin_without_what_the_one_before_showed(moving: Path, without_poses: Path) -> None:
    alone = evaluate_with_motion([moving], store.starter())
    twice = evaluate_with_motion([moving, without_poses, copy_of(moving)], store.starter())
    assert [figures for name, figures in twice.recordings.items() if "moving" in name] == [
        *alone.recordings.values()
    ] * 2


def test_no_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LidarliveError):
        evaluate_with_motion([tmp_path], store.starter())


def test_the_command_keeps_both_apart(moving: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(EvaluateCommand([moving], weights="starter", motion=True, json=True)) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"weights", "recordings", "all", "notes", "motion"}
    assert set(document["motion"]) == {"recordings", "all", "scaled_frames"}
    assert _abs_rel(document["motion"]["all"]) < _abs_rel(document["all"])
    assert run(EvaluateCommand([moving], weights="starter", json=True)) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain == {key: value for key, value in document.items() if key != "motion"}
    assert run(EvaluateCommand([moving], weights="starter", motion=True)) == 0
    first, _, second = capsys.readouterr().out.partition("scaled from motion (")
    assert first.count("AbsRel") == second.count("AbsRel") == 4


def copy_of(recording: Path) -> Path:
    return Path(shutil.copytree(recording, recording.parent.parent / "copy" / recording.name))


def _abs_rel(ranges: dict[str, dict[str, float]]) -> float:
    return ranges["far"]["abs_rel"]
