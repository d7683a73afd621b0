"""The preflight of a training: each finding on recordings that have the fault, none on good ones."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from capture.frame import Pose
from model.config import TrainConfig
from model.data import rehearsal
from model.preset_facts import PRESETS
from model.presets import memory
from model.training import preflight
from model.training.estimate import estimate_s, tasks_s
from model.training.preflight import CHECKED_FRAMES, LEAST_DISTINCT, LEAST_FRAMES, PreflightFinding, Remedies, remedies
from tests.support.frames import write_recording
from tests.support.scenes import SMALL, Training, scene_frame, scene_recording, walked_recording

FAST = PRESETS["fast"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two good recordings of different scenes."""
    scene_recording(tmp_path / "data", "first", 12, seed=1)
    scene_recording(tmp_path / "data", "last", 6, seed=2)
    return tmp_path / "data"


def config(*data: Path, held_out: tuple[str, ...] | None = None) -> TrainConfig:
    out = str(data[0].parent / "weights" / "v")
    return TrainConfig(data=tuple(map(str, data)), out=out, held_out=held_out, **SMALL)


def only(found: list[PreflightFinding]) -> tuple[str, str]:
    (finding,) = found
    return finding.level, finding.text


def test_nothing_is_said_of_good_recordings(dataset: Path) -> None:
    assert preflight.preflight(config(dataset)) == []
    assert not (dataset.parent / "weights").exists(), "looking makes nothing"


def test_too_few_frames(dataset: Path, tmp_path: Path) -> None:
    few = scene_recording(tmp_path / "few", "few", LEAST_FRAMES - 1, seed=3)
    level, text = only(preflight.preflight(config(few, dataset, held_out=("first", "last"))))
    assert (level, text.split(".")[0]) == ("problem", "There are too few frames to train on: 7, and one step takes 8")
    assert FAST.recipe.batch == LEAST_FRAMES


def test_frames_that_are_all_alike(dataset: Path, tmp_path: Path) -> None:
    still = [replace(scene_frame(0), index=i, received_ns=i * 33_333_333) for i in range(20)]
    path = write_recording(tmp_path / "still", "still", still)
    level, text = only(preflight.preflight(config(path, dataset, held_out=("first", "last"))))
    assert (level, text.split(".")[0]) == (
        "warning",
        "The frames to train on look nearly all alike: of 20, about 1 differ",
    )
    walked = [replace(frame, pose=Pose(position_m=(0.05 * i, 0.0, 0.0))) for i, frame in enumerate(still)]
    path = write_recording(tmp_path / "walked", "walked", walked)
    assert len(walked) >= LEAST_DISTINCT
    assert preflight.preflight(config(path, dataset, held_out=("first", "last"))) == []


def test_no_depth_with_confidence(dataset: Path, tmp_path: Path) -> None:
    blind = write_recording(tmp_path / "b", "blind", [scene_frame(i, 9, confidence=0) for i in range(8)])
    level, text = only(preflight.preflight(config(blind, dataset, held_out=("first", "last"))))
    assert level == "problem"
    assert "_blind has no depth with confidence, so the networks cannot learn from it. Record again" in text
    level, text = only(preflight.preflight(config(blind, dataset, held_out=("last",))))
    assert level == "warning", "there is another to learn from"
    level, text = only(preflight.preflight(config(blind, dataset, held_out=("blind",))))
    assert level == "problem"
    assert "it cannot validate the result" in text


def test_nothing_to_hold_out(tmp_path: Path, dataset: Path) -> None:
    alone = scene_recording(tmp_path / "alone", "alone", 12, seed=4)
    level, text = only(preflight.preflight(config(alone)))
    assert (level, text.split(",")[0]) == ("warning", "There is only one recording")
    assert "record one more to hold out, or train for a fixed number of epochs" in text
    level, text = only(preflight.preflight(config(dataset, held_out=())))
    assert (level, text.split(",")[0]) == ("warning", "No recording is held out")


def test_a_leak_and_one_scene_on_both_sides(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(next(dataset.glob("*_first")), dataset / "2000-01-01T00-00-00Z_copy")
    level, text = only(preflight.preflight(config(dataset, held_out=("2000-01-01T00-00-00Z_copy",))))
    assert level == "problem"
    assert "frames are in" in text
    for number in (1, 2):
        scene_recording(tmp_path / "desk", f"desk-{number}", 12, seed=10 + number)
    level, text = only(preflight.preflight(config(tmp_path / "desk")))
    assert level == "warning"
    assert "is probably the same scene as" in text
    assert text.endswith("To know more, hold out a recording of another room")


def test_what_cannot_be_read_is_a_problem(dataset: Path, tmp_path: Path) -> None:
    (next(dataset.glob("*_first")) / "frames.jsonl").write_text("torn\n")
    level, text = only(preflight.preflight(config(dataset)))
    assert level == "problem"
    assert "frames.jsonl" in text
    level, text = only(preflight.preflight(config(tmp_path / "nothing")))
    assert (level, "does not exist" in text) == ("problem", True)


def test_no_room_on_the_disk_or_in_memory(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda folder: SimpleNamespace(free=FAST.disk_bytes - 1))
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=500_000_000))
    disk, free = preflight.preflight(config(dataset))
    assert (disk.level, free.level) == ("problem", "problem")
    assert "Free some space there" in disk.text
    assert "0.5 GB are free. Close other programs" in free.text


def test_of_a_long_recording_a_few_frames_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    still = [replace(scene_frame(0, confidence=0), index=i, received_ns=i * 16_666_667) for i in range(300)]
    path = write_recording(tmp_path, "still", still)
    read: list[str] = []
    own = preflight.Recording.file_bytes
    monkeypatch.setattr(
        preflight.Recording, "file_bytes", lambda self, line, kind: read.append(kind) or own(self, line, kind)
    )
    assert {finding.level for finding in preflight.preflight(config(path))} == {"problem", "warning"}
    assert 0 < len(read) <= 3 * CHECKED_FRAMES


def test_the_estimate_grows_with_what_is_trained_and_ends_with_the_budget(dataset: Path) -> None:
    some = replace(config(dataset), size=None, batch=None, epoch_frames=400, preset="fast")
    cost = FAST.cost
    short, long = estimate_s(some, 8), estimate_s(replace(some, epochs=40), 8)
    assert long - short == pytest.approx(36 * 8 * sum(cost.image_s))
    assert estimate_s(some, 10**6) == estimate_s(some, 400)
    budget = replace(some, epochs=None, budget_minutes=2.0)
    assert estimate_s(budget, 400) == pytest.approx(120 + cost.besides_s)
    assert estimate_s(replace(budget, epochs=1), 8) < 120


def test_going_on_from_a_version_sees_twice_as_much_and_renders_rooms_once(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "missing", lambda: 0)
    some = replace(config(dataset), size=(192, 256), batch=None, epoch_frames=400)
    scratch, further = estimate_s(some, 8), estimate_s(replace(some, continue_from="active"), 8)
    assert further - scratch == pytest.approx(4 * 8 * sum(FAST.cost.image_s))
    monkeypatch.setattr(rehearsal, "missing", lambda: 12)
    assert estimate_s(replace(some, continue_from="active"), 8) > further + 10


def test_the_newest_training_on_this_computer_says_how_fast_it_is(trained: Training, own_home: Path) -> None:
    told, events = trained
    version = own_home / "weights" / "2026-01-01T00-00-00Z"
    shutil.copytree(told.out, version)
    stages = events[-1]["report"]["stages"]
    again = replace(told, epochs=4)
    images = 16
    assert [stage["images"] for stage in stages.values()] == [4 * images] * 2
    took_s = sum(stage["seconds"] for stage in stages.values())
    besides_s = took_s / tasks_s(FAST.cost, [64, 64], (64, 96)) * FAST.cost.besides_s
    assert estimate_s(again, images) == pytest.approx(took_s + besides_s)
    report = json.loads((version / "report.json").read_text())
    for stage in report["stages"].values():
        stage["seconds"] *= 3
    (version / "report.json").write_text(json.dumps(report))
    assert estimate_s(again, images) == pytest.approx(3 * (took_s + besides_s))
    (version / "report.json").write_text("{")
    assert estimate_s(again, images) == pytest.approx(tasks_s(FAST.cost, [64, 64], (64, 96)) + FAST.cost.besides_s)


def test_the_last_fifth_is_announced_with_its_limit(tmp_path: Path) -> None:
    walk = walked_recording(tmp_path / "data", "walk")
    for some in (config(walk), replace(config(walk, held_out=()), last_fifth=True)):
        (finding,) = preflight.preflight(some)
        assert (finding.level, finding.unjudged) == ("warning", True)
        assert finding.text == (
            f"{walk.name} is judged on its own last fifth (same walk: flatters the result): 31 frames are trained on, "
            "10 judged on, 9 between left out. To know more, record a second one and walk elsewhere"
        )
    whole = replace(config(walk, held_out=()), last_fifth=False)
    assert only(preflight.preflight(whole))[1].startswith("There is only one recording")


def test_what_cannot_be_divided_is_a_problem_only_where_it_must_be(tmp_path: Path) -> None:
    tripod = walked_recording(tmp_path / "data", "tripod", step_m=0.001)
    still, *others = preflight.preflight(config(tripod))
    assert still.text.startswith("The frames to train on look nearly all alike")
    level, text = only(others)
    assert (level, text.split(",")[0]) == ("warning", "There is only one recording")
    assert "_tripod cannot be judged on its last fifth. The camera saw the same before" in text
    level, text = only(preflight.preflight(replace(config(tripod), last_fifth=True)))
    assert level == "problem"
    assert "_tripod cannot be judged on its last fifth" in text


def test_remedies_hold_out_another_whole_recording_first(tmp_path: Path) -> None:
    data = tmp_path / "data"
    kitchen, walk = walked_recording(data, "kitchen", 20, seed=1), walked_recording(data, "walk", 50, seed=2)
    copy = data / "2030-01-01T00-00-00Z_copy"
    shutil.copytree(walk, copy)
    leaking = config(kitchen, walk, copy, held_out=(str(copy),))
    (finding,) = preflight.preflight(leaking)
    assert (finding.level, finding.unjudged) == ("problem", True)
    assert remedies(leaking) == Remedies(hold_out=kitchen)
    assert preflight.preflight(config(kitchen, walk, copy, held_out=(str(kitchen),))) == []


def test_remedies_of_recordings_that_overlap(tmp_path: Path) -> None:
    walk = walked_recording(tmp_path / "data", "walk")
    copy = tmp_path / "data" / "2030-01-01T00-00-00Z_copy"
    shutil.copytree(walk, copy)
    assert remedies(config(walk, copy, held_out=(str(copy),))).last_fifth in (walk, copy)
    short = walked_recording(tmp_path / "short", "short", 12)
    assert remedies(config(short)) == Remedies()
    assert remedies(config(tmp_path / "nothing")) == Remedies()
    (short / "frames.jsonl").write_text("torn\n")
    assert remedies(config(short)) == Remedies()
