"""The rooms to rehearse: rendered once, whole, and half of the frames in a training that continues a version."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from capture.errors import LidarliveError
from model import store
from model.config import TrainConfig
from model.data import rehearsal
from model.data.batches import frames_of, plan_epoch
from model.data.split import open_recordings
from model.preset_facts import PRESETS
from model.train import train
from tests.support.events import into
from tests.support.scenes import SMALL, scene_recording
from tests.support.tiny import register
from tests.support.tiny_facts import TINY_FACTS

pytestmark = pytest.mark.trainer


def small_rooms(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A cache in `folder` of one small room to rehearse and one to measure on, not rendered yet."""
    patch.setenv("LIDARLIVE_CACHE", str(folder / "cache"))
    patch.setattr(rehearsal, "SEEDS", range(1, 2))
    patch.setattr(rehearsal, "UNSEEN_SEEDS", range(101, 102))
    patch.setattr(rehearsal, "RGB_SIZE", (48, 64))
    return folder / "cache"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return small_rooms(tmp_path, monkeypatch)


def test_a_room_is_rendered_once_and_again_where_it_is_torn(cache: Path) -> None:
    told: list[tuple[int, int]] = []
    (room,) = rehearsal.rooms(lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    assert (room.path.name, len(room), room.info.rgb_size, room.info.status) == ("room-01", 12, (48, 64), "closed")
    assert all(frame.depth_m.max() > 0.5 for frame in room)
    poses = {line.pose.position_m for line in room.lines()}
    assert len(poses) == 12, "the camera walks"
    rehearsal.rooms(lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    assert not {*rehearsal.SEEDS} & {*rehearsal.UNSEEN_SEEDS}
    (room.path / "frames.jsonl").write_text("")
    assert len(rehearsal.rooms()[0]) == 12
    assert sorted(file.name for file in room.path.parent.iterdir()) == ["lock", "room-01"]


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LIDARLIVE_CACHE", str(tmp_path / "file"))
    with pytest.raises(LidarliveError, match=r"cannot be kept in .*file.* set LIDARLIVE_CACHE to another folder"):
        rehearsal.rooms()


def test_half_of_an_epoch_is_rehearsed(tmp_path: Path) -> None:
    own, other = (frames_of(open_recordings([scene_recording(tmp_path / n, n, 10)])) for n in ("own", "other"))
    planned = plan_epoch(own, 4, 8, 0.0, np.random.default_rng(0), other)
    seen = Counter(ref.recording.path for batch in planned for ref in batch)
    assert seen == {own[0].recording.path: 8, other[0].recording.path: 8}
    alone = plan_epoch(own, 4, 8, 0.0, np.random.default_rng(0))
    assert {ref.recording.path for batch in alone for ref in batch} == {own[0].recording.path}


def train_twice(folder: Path) -> list[dict[str, Any]]:
    """Train from scratch, then further on another recording, in `folder`; the events of the second training."""
    data = [str(scene_recording(folder / "data", name, 8, seed)) for seed, name in enumerate(("first", "second"))]
    first = TrainConfig(data=(data[0],), out=str(folder / "first"), preset="tiny", **{**SMALL, "epochs": 1})
    train(first)
    events: list[dict[str, Any]] = []
    train(replace(first, data=(data[1],), out=str(folder / "further"), continue_from=first.out), into(events))
    return events


@pytest.fixture(scope="module")
def trained_further(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The folder of a version and one trained further from it, and the events of the second training."""
    folder = tmp_path_factory.mktemp("further")
    with pytest.MonkeyPatch.context() as patch:
        register(patch)
        small_rooms(folder, patch)
        return folder, train_twice(folder)


def test_going_on_rehearses_and_says_so(trained_further: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, events = trained_further
    stages = list(dict.fromkeys(event["stage"] for event in events if event["event"] == "progress"))
    assert stages == ["rooms", "gradient", "finetune", "converting"]
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)
    report = json.loads((folder / "further" / "report.json").read_text())
    assert report["rehearsed"] == {"room-01": 12}
    assert report["stages"]["finetune"]["images"] == 16, "8 of its own and as many rehearsed"
    comparison = report["comparison"]
    assert (comparison["champion"], comparison["challenger"]) == (str(store.starter()), str(folder / "further"))
    assert {name: spans["far"]["frames"] for name, spans in comparison["rooms"]["champion"]["recordings"].items()} == {
        "room-101": 12
    }
    assert not comparison["verdict"]["recommended"], "nothing was held out: it was trained on what it is measured on"
    first = json.loads((folder / "first" / "report.json").read_text())
    assert (first["rehearsed"], first["comparison"]["rooms"]) == ({}, None)
    assert "Half of its training frames were of one rendered room" in (folder / "further" / "card.md").read_text()


def test_a_version_that_is_trained_further_normalises_as_before(
    trained_further: tuple[Path, list[dict[str, Any]]],
) -> None:
    folder, _ = trained_further
    means = []
    for version in ("first", "further"):
        network = keras.saving.load_model(folder / version / "finetune.keras", compile=False)
        (layer,) = (each for each in network.layers if isinstance(each, keras.layers.BatchNormalization))
        means.append(np.asarray(layer.moving_mean))
    assert np.array_equal(*means)


def test_a_recipe_may_do_without(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    monkeypatch.setitem(PRESETS, "tiny", replace(TINY_FACTS, recipe=replace(TINY_FACTS.recipe, rehearses=False)))
    events = train_twice(tmp_path)
    assert "rooms" not in {event.get("stage") for event in events}
    assert not cache.exists()
