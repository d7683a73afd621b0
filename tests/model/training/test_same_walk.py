"""A training that is judged on the last fifth of its only recording: what is trained on, and where that is labelled."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage import json_codec
from model.config import TrainConfig, VersionConfig
from model.data.split import open_recordings, split
from model.evaluation.compare import compare
from model.evaluation.evaluate import evaluate
from model.events import Event, Progress
from model.report import SAME_WALK, Report
from model.train import train
from model.training import progress
from model.training.checkpoint import STATE_NAME, State, folder_of
from model.training.interrupted import interrupted
from model.training.preflight import preflight
from model.training.version_files import fingerprint
from tests.support.events import into
from tests.support.scenes import SMALL, walked_recording
from tests.support.shared import shared_folder
from tests.support.tiny import register
from tests.support.trainings import child, events_of
from tests.support.weights import write_weights

pytestmark = [pytest.mark.trainer, pytest.mark.timeout(400)]

TRAINED, JUDGED, GAP = 31, 10, 9  # frames of the walk of 50


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    monkeypatch.setattr(progress, "EVENT_INTERVAL_S", 0.0)


def config_of(folder: Path, **more: Any) -> TrainConfig:
    settings: dict[str, Any] = {**SMALL, "epochs": 2, "preset": "tiny", "resumable": True, **more}
    return TrainConfig(data=(str(folder / "data"),), out=str(folder / "weights" / "v"), **settings)


def train_by_child(folder: Path) -> None:
    """One real training through the child on a walk of 5 s, which is judged on its last fifth; its events."""
    walked_recording(folder / "data", "walk")
    with pytest.MonkeyPatch.context() as patch:
        register(patch)
        process = child(config_of(folder), "", 0)
    events = list(events_of(process))
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    (folder / "events.json").write_text(json.dumps(events))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_folder(tmp_path_factory, "same-walk", train_by_child)


@pytest.fixture
def walk(folder: Path) -> Recording:
    (recording,) = open_recordings([folder / "data"])
    return recording


@pytest.fixture
def events(folder: Path) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((folder / "events.json").read_text())
    return read


def test_the_child_does_what_the_preflight_announces(
    folder: Path, walk: Recording, events: list[dict[str, Any]]
) -> None:
    (announced,) = [finding.text for finding in preflight(config_of(folder)) if finding.unjudged]
    assert [int(number) for number in re.findall(r"(\d+) (?:frames|judged|between)", announced)] == [31, 10, 9]
    started = events[0]
    assert (started["train"], started["held_out"]) == ({walk.path.name: TRAINED}, {walk.path.name: JUDGED})
    assert started["same_walk"] is True
    assert started["notes"] == [f"{walk.path.name} is judged on its own last fifth ({SAME_WALK})"]
    epochs = [event for event in events if event["event"] == "epoch"]
    assert all(event["held_out_loss"] is not None for event in epochs)
    previews = [event["preview"]["frame"] for event in epochs if event["preview"]]
    assert set(previews) == {40}, "the first frame of the last fifth, by its number in the recording"


def test_the_version_states_it_wherever_its_figures_are(
    folder: Path, walk: Recording, events: list[dict[str, Any]]
) -> None:
    version = folder / "weights" / "v"
    report = json.loads((version / "report.json").read_text())
    assert report == events[-1]["report"]
    assert (report["validated"], report["same_walk"], events[-1]["validated"]) == (False, True, False)
    assert report["measured_on"] == f"the last fifth of the training recording ({SAME_WALK})"
    assert report["all"]["far"]["frames"] == JUDGED
    assert report["notes"] == [f"{walk.path.name} is judged on its own last fifth ({SAME_WALK})"]
    (entry,) = VersionConfig.read(version).data
    assert (entry.frames, entry.held_out, entry.last_fifth_from, entry.left_out) == (50, False, 40, GAP)
    card = (version / "card.md").read_text()
    assert f"50 frames, {TRAINED} trained on, the last {JUDGED} judged on ({SAME_WALK}), {GAP} between left out" in card
    assert f"## Measured on the last fifth of the training recording ({SAME_WALK})" in card
    assert "Not validated on another recording" in card


def test_it_is_compared_on_the_last_fifth_and_never_recommended(folder: Path, events: list[dict[str, Any]]) -> None:
    comparison = events[-1]["report"]["comparison"]
    assert comparison["same_walk"] is True
    assert comparison["recordings"]["challenger"]["all"]["far"]["frames"] == JUDGED
    assert comparison["verdict"]["recommended"] is False
    assert comparison["verdict"]["sentence"].endswith(f"({SAME_WALK}).")
    assert any(note.startswith("The challenger was trained on other frames of ") for note in comparison["notes"])
    shots = comparison["worst"] + comparison["lost"]
    assert shots
    assert all(shot["index"] >= 40 for shot in shots)


def test_a_better_one_is_called_better_and_not_recommended(folder: Path, tmp_path: Path) -> None:
    """The figures are what they are; what they prove is not."""
    far = write_weights(tmp_path / "far", 3.0, size=SMALL["size"], canonical_focal_px=None)
    found = compare(far, folder / "weights" / "v", [folder / "data"], from_frame=40)
    assert (found.verdict.verdict, found.verdict.recommended, found.same_walk) == ("better", False, True)
    assert found.verdict.sentence.startswith("Better: AbsRel")
    whole = compare(far, folder / "weights" / "v", [folder / "data"])
    assert (whole.verdict.verdict, whole.verdict.recommended, whole.same_walk) == ("undecided", False, False)
    assert "trained on what it was measured on" in whole.verdict.sentence
    assert json_codec.decode(type(found), json_codec.encode(found)) == found


def test_an_evaluation_notes_what_was_trained_on(folder: Path, walk: Recording, tmp_path: Path) -> None:
    version = folder / "weights" / "v"
    on_it = evaluate([folder / "data"], version, from_frame=40)
    assert on_it.all["far"]["frames"] == JUDGED
    assert on_it.notes == [f"This version was trained on other frames of {walk.path.name} ({SAME_WALK})"]
    assert evaluate([folder / "data"], version).notes == [
        f"This version was trained on {walk.path.name}, and looks better there than it is"
    ]
    other = walked_recording(tmp_path, "other", 4, seed=8)
    assert evaluate([other], version).notes == []


def test_a_report_of_an_older_program_is_read(folder: Path, tmp_path: Path) -> None:
    document = json.loads((folder / "weights" / "v" / "report.json").read_text())
    for added in (document, document["comparison"]):
        del added["same_walk"]
    (tmp_path / "report.json").write_text(json.dumps(document))
    report = Report.read(tmp_path / "report.json")
    assert report.same_walk is False
    assert report.comparison is not None
    assert report.comparison.same_walk is False


class Enough(Exception):  # noqa: N818 - not an error
    """Ends a training from within, once a test has seen what it needs."""


def stop_at_the_second_epoch(event: Event) -> None:
    if isinstance(event, Progress) and event.epoch == 2:
        raise Enough


def events_until_the_second_epoch(config: TrainConfig) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []

    def listen(event: Event) -> None:
        into(events)(event)
        stop_at_the_second_epoch(event)

    with pytest.raises(Enough):
        train(config, listen)
    return events


@pytest.mark.parametrize("asked", [None, True])
def test_an_interrupted_training_is_resumed_with_the_same_parts(
    folder: Path, tmp_path: Path, asked: bool | None
) -> None:
    config = replace(config_of(folder, last_fifth=asked), out=str(tmp_path / "v"))
    with pytest.raises(Enough):
        train(config, stop_at_the_second_epoch)
    (found,) = interrupted(tmp_path)
    assert (found.config.last_fifth, found.config.held_out, found.config.resume) == (True, (), True)
    told = State.read(folder_of(Path(config.out)) / STATE_NAME).facts["told"]
    assert told["last_fifth"] is True
    with pytest.raises(LidarliveError, match=r"Cannot resume: .*last_fifth: True → none.*trained on\)"):
        train(replace(config, resume=True, last_fifth=False))
    for again in (found.config, replace(config, resume=True)):
        events = events_until_the_second_epoch(again)
        assert events[0]["resumed"] is True
        assert list(events[0]["train"].values()) == [TRAINED]


def test_a_training_of_an_older_program_is_resumed_on_all_frames(folder: Path, tmp_path: Path) -> None:
    """Where nobody asks for anything: it held out nothing of a single recording."""
    config = replace(config_of(folder), out=str(tmp_path / "v"))
    with pytest.raises(Enough):
        train(replace(config, last_fifth=False), stop_at_the_second_epoch)
    assert "last_fifth" not in State.read(folder_of(Path(config.out)) / STATE_NAME).facts["told"]
    events = events_until_the_second_epoch(replace(config, resume=True))
    assert (list(events[0]["train"].values()), events[0]["held_out"], events[0]["resumed"]) == ([50], {}, True)


def test_the_fingerprint_of_whole_recordings_is_as_older_programs_wrote_it(folder: Path, tmp_path: Path) -> None:
    walked_recording(tmp_path / "data", "other", 4, seed=8)
    config = config_of(folder)
    whole = fingerprint(config, split(open_recordings([folder / "data", tmp_path / "data"]), ["other"]))
    assert "last_fifth" not in whole
    assert sorted(str(value).split(", ")[1] for name, value in whole.items() if name.startswith("recording ")) == [
        "held out",
        "trained on",
    ]
