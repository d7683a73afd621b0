"""`python -m model.reproduce`: what it trains and tests on, what it measures, how it resumes after an interruption."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.frame import Frame
from model.data.batches import FrameRef, load_sample
from model.data.split import open_recordings
from model.presets import original
from model.reproduce import __main__ as command
from model.reproduce import images
from model.reproduce.claims import CLAIMS
from model.reproduce.results import Results
from model.reproduce.trials import TRIALS, Lab
from tests.support.frames import make_frame, write_recording
from tests.support.scenes import scene_recording

pytestmark = [
    pytest.mark.trainer,
    pytest.mark.timeout(600),  # eight trainings, however busy the computer is
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room of 20 frames, and another of 3."""
    folder = tmp_path_factory.mktemp("rooms")
    scene_recording(folder, "here", 20, seed=1)
    scene_recording(folder, "there", 3, seed=2)
    return folder


@pytest.fixture(scope="module")
def reproduced(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of one whole quick reproduction with small networks, made once for all tests."""
    out = tmp_path_factory.mktemp("docs") / "reproduction.md"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(original, "FILTERS", (4, 6))
        assert command.main(["--quick", "--data", str(dataset), "--out", str(out)]) == 0
    return out


def document_of(out: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out.with_suffix("") / "results.json").read_text())
    return document


def indices(refs: list[FrameRef]) -> set[tuple[str, int]]:
    return {(ref.recording.info.name, ref.index) for ref in refs}


def test_as_many_images_as_in_the_published_run(tmp_path: Path) -> None:
    walk = write_recording(tmp_path, "walk", [make_frame(i, (24, 32), (24, 32)) for i in range(240)])
    write_recording(tmp_path, "other", [make_frame(i, (24, 32), (24, 32)) for i in range(240, 300)])
    chosen = images.choose([tmp_path])
    assert chosen.counts == {"train": 135, "validation": 15, "random": 50, "stretch": 40, "elsewhere": 50}
    assert chosen.local == walk.name
    assert indices(chosen.tests["stretch"]) == {("walk", i) for i in range(200, 240)}
    drawn = [*chosen.train, *chosen.validation, *chosen.tests["random"]]
    assert indices(drawn) == {("walk", i) for i in range(200)}  # each in one part only: there are 200 of them
    assert {name for name, _ in indices(chosen.tests["elsewhere"])} == {"other"}
    again = images.choose([tmp_path])
    assert [ref.index for ref in again.train] == [ref.index for ref in chosen.train]
    assert again.fingerprint == chosen.fingerprint


def test_a_short_recording_is_split_in_the_same_shares(dataset: Path) -> None:
    chosen = images.choose([dataset])
    assert chosen.counts == {"train": 11, "validation": 1, "random": 5, "stretch": 3, "elsewhere": 3}


def test_one_recording_alone_has_no_elsewhere(dataset: Path) -> None:
    chosen = images.choose([open_recordings([dataset])[0].path])
    assert "elsewhere" not in chosen.counts
    assert chosen.elsewhere == []


def test_a_recording_of_the_other_orientation_is_left_out_and_named(tmp_path: Path) -> None:
    scene_recording(tmp_path, "here", 12)
    lying = scene_recording(tmp_path, "lying", 2, seed=3, landscape=True)
    chosen = images.choose([tmp_path])
    assert chosen.elsewhere == []
    assert chosen.notes == [f"{lying.name} is of the other orientation and left out"]


def test_data_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = scene_recording(tmp_path / "short", "short", 5)
    assert command.main(["--data", str(short), "--out", str(tmp_path / "out.md")]) == 1
    assert capsys.readouterr().err == f"{short} has 5 frames; a reproduction needs 12 or more\n"
    scene_recording(tmp_path / "twice", "a", 14)
    scene_recording(tmp_path / "twice", "b", 13)  # the same scenes
    with pytest.raises(LidarliveError, match=r"13 of 13 frames are in .* too"):
        images.choose([tmp_path / "twice"])


def test_the_demo_rooms_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class SmallRoom:
        frames = 240

        def __init__(self, seed: int) -> None:
            self.seed = seed
            made.append(seed)

        def render(self, i: int, rgb_size: tuple[int, int], depth_size: tuple[int, int]) -> Frame:
            return make_frame(i + 240 * self.seed, (24, 32), (24, 32))

    monkeypatch.setenv("LIDARLIVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(images, "DemoRoom", SmallRoom)
    dataset = images.demo_rooms({0: 12, 1: 2})
    assert images.demo_rooms({0: 12, 1: 2}) == dataset
    assert made == [0, 1]
    indices_by_name = {r.info.name: [line.stream_index for line in r.lines()] for r in open_recordings([dataset])}
    assert indices_by_name == {"room0": list(range(0, 240, 20)), "room1": [240, 360]}
    assert images.choose([dataset]).notes == []  # they count as different scenes


def test_a_quick_reproduction_measures_every_trial_and_writes_it_down(reproduced: Path) -> None:
    document = document_of(reproduced)
    assert document["finished"]
    assert list(document["trials"]) == list(TRIALS)
    single = document["trials"]["single"]
    assert [row["epoch"] for row in single["curves"]["single"]] == [1, 2, 3, 4]  # two, and as many again
    assert list(single["tests"]) == ["2", "4"]
    assert set(single["tests"]["4"]) == {"random", "stretch", "elsewhere"}
    assert set(document["trials"]["pair"]["curves"]) == {"gradient", "finetune"}
    assert set(document["trials"]["pair"]["tests"]) == {"2", "edges zeroed"}
    text = reproduced.read_text()
    for published, _ in CLAIMS:
        assert f"| {published} |" in text
    for plot in ("curves.png", "errors.png"):
        assert f"]({reproduced.stem}/{plot})" in text
        assert (reproduced.with_suffix("") / plot).read_bytes().startswith(b"\x89PNG")


def test_what_the_baselines_answer(reproduced: Path, dataset: Path) -> None:
    chosen = images.choose([dataset], 12)
    sampling = Lab(chosen, Results.read(reproduced.with_suffix("") / "results.json").plan, print).sampling  # type: ignore[union-attr]
    seen = [original.depth_target(load_sample(ref, sampling))[0] for ref in chosen.train]
    wanted = [original.depth_target(load_sample(ref, sampling))[0] for ref in chosen.tests["random"]]
    tests = document_of(reproduced)["trials"]["baselines"]["tests"]
    mean_map = np.mean([(np.mean(seen, axis=0) - target) ** 2 for target in wanted])
    assert tests["mean map"]["random"]["mse_mm2"] == pytest.approx(mean_map, rel=1e-4)
    assert tests["1 mm"]["random"]["mse_mm2"] == pytest.approx(np.mean((np.array(wanted) - 1) ** 2), rel=1e-4)
    copies = [min(np.mean((depth - target) ** 2) for depth in seen) for target in wanted]
    assert tests["nearest picture"]["random"]["mse_mm2"] >= np.mean(copies) * 0.999


def test_an_interrupted_reproduction_goes_on_where_it_stopped(
    reproduced: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = document_of(reproduced)
    out = tmp_path / "reproduction.md"
    out.with_suffix("").mkdir()
    left = {name: trial for name, trial in whole["trials"].items() if name != "baselines"}
    path = out.with_suffix("") / "results.json"
    path.write_text(json.dumps({**whole, "finished": False, "trials": left}))
    arguments = ["--quick", "--data", str(dataset), "--out", str(out)]

    elsewhere = scene_recording(tmp_path / "other", "other", 12, seed=9)
    assert command.main(["--quick", "--data", str(elsewhere), "--out", str(out)]) == 1
    assert "an unfinished reproduction of other data or settings. Delete it to start again" in capsys.readouterr().err

    assert command.main(arguments) == 0
    said = capsys.readouterr().err
    assert "6 trials are done" in said
    assert "epoch" not in said  # nothing was trained again
    assert document_of(out)["trials"] == whole["trials"]
    assert document_of(out)["finished"]


def test_a_finished_one_can_be_written_down_again(
    reproduced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = reproduced.read_text()
    reproduced.write_text("")
    assert command.main(["--render", "--out", str(reproduced)]) == 0
    assert reproduced.read_text() == before
    assert command.main(["--render", "--out", str(tmp_path / "none.md")]) == 1
    assert "There is no finished reproduction for" in capsys.readouterr().err
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "results.json").write_text("{")
    assert command.main(["--render", "--out", str(tmp_path / "torn.md")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_quick_one_cannot_take_the_place_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--quick"])
    assert "--quick measures nothing" in capsys.readouterr().err
