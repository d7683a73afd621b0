"""The commands on a version that was judged on the last fifth of its only recording: each labels its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import train as train_command
from app.cli.train import TrainCommand, train_config
from model import store
from model.events import Event
from model.jobs.client import Kinds, events_of
from model.preset_facts import PRESETS
from model.report import SAME_WALK
from tests.app.cli.conftest import Call
from tests.support.paths import ROOT
from tests.support.scenes import walked_recording
from tests.support.tiny_facts import NAME, TINY_FACTS

pytestmark = [pytest.mark.trainer, pytest.mark.timeout(400)]

TINY = ("--preset", NAME, "--from-scratch", "--epochs", 1, "--size", "64x96")


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child has tiny networks besides."""

    def of_tiny(module: str, document: str, kinds: Kinds) -> Iterator[Event]:
        return events_of("tests.support.tiny", document, kinds)

    monkeypatch.setitem(PRESETS, NAME, TINY_FACTS)
    monkeypatch.setattr(train_command, "events_of", of_tiny)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    return walked_recording(tmp_path / "data", "walk")


def test_one_recording_is_judged_on_its_last_fifth_and_every_command_labels_that(call: Call, walk: Path) -> None:
    done = call("train", walk, *TINY)
    assert done.returncode == 0, done.stderr
    introduction = " ".join(done.stderr.split())
    assert (
        f"training on {walk.name}; held out: its last fifth, 10 frames, after 31 to train on and a gap" in introduction
    )
    assert f"note: {walk.name} is judged on its own last fifth ({SAME_WALK})" in introduction
    assert "record a second one and walk elsewhere; --no-last-fifth trains on all frames instead" in introduction
    assert "against starter: " in done.stdout
    assert f"({SAME_WALK})." in done.stdout

    version = next(folder for folder in store.versions() if folder != store.starter())
    (listed,) = [
        each for each in json.loads(call("weights", "list", "--json").stdout) if each["version"] == version.name
    ]
    assert (listed["rmse_m"], listed["abs_rel"]) == (None, None), "it is not validated"
    assert listed["same_walk_rmse_m"] > 0
    assert listed["same_walk_abs_rel"] > 0
    table = call("weights", "list").stdout
    assert f"{listed['same_walk_rmse_m']:.3f} *" in table
    assert f"* {SAME_WALK}" in " ".join(table.split())

    measured = call("evaluate", walk, "--weights", version.name)
    assert measured.stdout.splitlines()[-1] == (
        f"note: This version was trained on {walk.name}, and looks better there than it is"
    )
    assert json.loads(call("evaluate", walk, "--weights", version.name, "--json").stdout)["notes"]
    compared = call("weights", "compare", "starter", version.name, walk, "--no-rooms").stdout
    assert f"note: The challenger was trained on {walk.name}" in " ".join(compared.split())


def test_all_of_it_is_trained_on_where_that_is_asked_for(call: Call, walk: Path) -> None:
    done = call("train", walk, *TINY, "--no-last-fifth", "--json")
    assert done.returncode == 0, done.stderr
    started, *_, last = map(json.loads, done.stdout.splitlines())
    assert (started["train"], started["held_out"], started["same_walk"]) == ({walk.name: 50}, {}, False)
    assert (last["validated"], last["report"]["same_walk"]) == (False, False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("{data}", "--last-fifth"), "The last fifth is that of a single recording: name one. Received: "),
        (("{walk}", "--last-fifth", "--held-out", "walk"), "held_out and last_fifth exclude each other: choose one"),
        (("{short}", "--last-fifth"), "_short cannot be judged on its last fifth. It is too short: "),
    ],
)
def test_what_cannot_be_judged_so_is_one_line(call: Call, walk: Path, words: tuple[str, ...], message: str) -> None:
    short = walked_recording(walk.parent, "short", 12, seed=3)
    done = call("train", *[each.format(data=walk.parent, walk=walk, short=short) for each in words], *TINY)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_option_has_three_states() -> None:
    states = [train_config(TrainCommand([Path("a")], last_fifth=given)).last_fifth for given in (None, True, False)]
    assert states == [None, True, False]
