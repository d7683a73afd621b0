"""The benchmark of the networks: one small network trained for real, and what is made of results."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import app.bench.model as bench
from app.bench.model_table import goals, markdown
from capture.errors import LidarliveError
from model.bench.job import CANDIDATES, Job, Trained
from model.config import INPUT_SIZE
from model.events import Event
from model.jobs import client
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.training.progress import JobProgress
from tests.support.scenes import scene_recording

pytestmark = pytest.mark.trainer

NAME = CANDIDATES[-1]
MEASURES = {"rmse_m": 0.5, "abs_rel": 0.2, "delta1": 0.7, "edge_f1": 0.4, "boundary_error_px": 5.0}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rooms")
    for number, name in enumerate(("train", "val", "kitchen")):
        scene_recording(folder, name, 8 if name == "train" else 3, seed=number)
    return folder


def job(folder: Path, **other: Any) -> Job:
    given = {
        "candidate": NAME,
        "seed": 0,
        "minutes": 0.01,
        "images": None,
        "data": (str(folder),),
        "held_out": ("val",),
    }
    return Job(**{**given, "test": ("kitchen",), "out": "", "size": (64, 96), **other})


def test_the_command_line_knows_every_candidate():
    from model.bench import candidates

    assert tuple(candidates.CANDIDATES) == CANDIDATES


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_is_built_and_put_to_use_in_all_its_forms(name: str):
    from model.bench.candidates import CANDIDATES as KNOWN

    networks = KNOWN[name].build()
    assert sum(task.share for task in KNOWN[name].tasks(networks)) == pytest.approx(1)
    assert KNOWN[name].forms[0].row == name
    for form in KNOWN[name].forms:
        answer = form.graph(networks)(np.full((1, 64, 96, 3), 100, np.uint8), training=False)
        assert {key: tuple(value.shape) for key, value in answer.items()} == {
            DEPTH_OUTPUT: (1, 64, 96, 1),
            EDGES_OUTPUT: (1, 64, 96, 1),
        }


def test_what_is_for_the_test_alone_neither_trains_nor_chooses(data: Path):
    parts, test = job(data).split()
    assert [[r.info.name for r in each] for each in (parts.train, parts.held_out, test)] == [
        ["train"],
        ["val"],
        ["kitchen"],
    ]
    assert Job.from_json(job(data).to_json()) == job(data)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"candidate": "giant"}, rf"The benchmark's networks are {CANDIDATES[0]}, .*Received: 'giant'"),
        ({"minutes": 0.0}, r"minutes and images must be more than 0\. Received: 0\.0"),
        ({"images": 5}, r"Give minutes or images\. Received: 0\.01 and 5"),
        ({"minutes": None}, r"Give minutes or images\. Received: None and None"),
        ({"held_out": ()}, r"--held-out"),
        ({"test": ("cellar",)}, r"No recording is called cellar"),
        ({"data": ("/nowhere",)}, r"nowhere"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(data: Path, wrong: dict[str, Any], message: str):
    with pytest.raises(LidarliveError, match=message):
        job(data, **wrong).fingerprint()


def test_a_test_recording_that_is_trained_on_is_refused(data: Path, tmp_path: Path):
    shutil.copytree(next(data.glob("*_train")), tmp_path / "again")
    with pytest.raises(LidarliveError, match="better than it is"):
        job(data, data=(str(data), str(tmp_path)), test=(str(tmp_path / "again"),)).split()


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The child processes' work done here, on a network of two layers in place of a candidate; which were asked for."""
    import keras

    from model.bench import candidates

    def tiny() -> Any:
        rgb = keras.Input((None, None, 3))
        x = keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(rgb / 255)
        return keras.Model(rgb, keras.layers.Conv2DTranspose(1, 2, strides=2, padding="same")(x))

    monkeypatch.setitem(candidates.CANDIDATES, NAME, candidates.alone(NAME, "two layers", tiny))
    asked: list[str] = []

    def events_of(module: str, document: str, kinds: Any) -> Iterator[Event]:
        asked.append(module)
        events: list[Event] = []
        importlib.import_module(module).work(document, events.append)
        return iter(events)

    monkeypatch.setattr(client, "events_of", events_of)
    return asked


@pytest.fixture
def run(data: Path, tmp_path: Path) -> Callable[..., int]:
    def run(minutes: float | None = 0.01, images: int | None = None, as_json: bool = True) -> int:
        return bench.bench_model([data], ["val"], ["kitchen"], minutes, images, [NAME], 1, tmp_path / "out", as_json)

    return run


def test_a_benchmark_trains_measures_times_and_goes_on(
    children: list[str], run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run() == 0
    document = json.loads(capsys.readouterr().out)
    (result,) = document["results"]
    assert (result["candidate"], result["seed"], result["about"]) == (NAME, 0, "two layers")
    assert result["steps"] >= 1
    assert result["images"] == 8 * result["steps"]
    assert result["minutes"] > 0
    assert result["parameters"] == 4 * (27 + 1) + 4 * 4 + 1
    assert result["macs"] == 96 * 128 * 4 * 27 + 96 * 128 * 4 * 4  # at 192x256, all of it at half the size
    assert list(result["recordings"]) == [name for name in result["recordings"] if name.endswith(("val", "kitchen"))]
    assert all(measured["far"]["frames"] == 3 for measured in result["recordings"].values())
    assert set(document["speed"][NAME]) == {"openvino_ms", "tf_function_ms"}
    assert children == ["model.bench.run", "model.bench.speed"]

    with (tmp_path / "out" / bench.RESULTS_NAME).open("a") as file:
        file.write('[{"torn')
    assert run(as_json=False) == 0
    assert children[2:] == ["model.bench.speed"]  # what is known is not trained again
    table = capsys.readouterr().out
    assert table.strip() == (tmp_path / "out" / bench.TABLE_NAME).read_text().strip()
    assert f"| {NAME} | two layers | 1 |" in table

    with pytest.raises(LidarliveError, match=r"another benchmark: minutes was 0\.01, and now is 5"):
        run(minutes=5)


def test_what_was_trained_elsewhere_is_measured_and_not_trained_again(
    children: list[str], run: Callable[..., int], tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
):
    from model.bench import training

    elsewhere = job(data, out=str(tmp_path / "out"), minutes=None, images=24, size=INPUT_SIZE)
    events: list[Event] = []
    training.work(elsewhere.to_json(), events.append)
    assert events[-1] == Trained(str(elsewhere.trained_path))
    assert run(minutes=None, images=24) == 0
    said = capsys.readouterr()
    (result,) = json.loads(said.out)["results"]
    assert f"trained before, in {elsewhere.trained_path}" in said.err
    assert (result["images"], result["steps"], result["tasks"]["depth"]["ended"]) == (24, 3, "epochs")
    networks, facts = training.train(elsewhere, JobProgress(lambda event: pytest.fail("it was trained again")))
    assert facts["images"] == 24
    before = np.load(elsewhere.trained_path)["0000"]
    np.testing.assert_array_equal(networks.get_weights()[0], before)

    (tmp_path / "out" / bench.RESULTS_NAME).unlink()
    with pytest.raises(
        LidarliveError, match=r"trained with other options than this benchmark's.*'images': 24.*'images': 32"
    ):
        run(minutes=None, images=32)


def test_a_training_that_fails_is_said_after_the_others(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked = []

    def events_of(module: str, document: str, kinds: Any) -> Iterator[Event]:
        asked.append(json.loads(document)["candidate"])
        raise LidarliveError(bench.STOPPED if asked[-1] == CANDIDATES[2] else "the loss became no number")

    monkeypatch.setattr(client, "events_of", events_of)
    given: Any = ([data], ["val"], [], 1.0, None)
    with pytest.raises(LidarliveError, match=rf"^2 of 2 trainings failed: {CANDIDATES[0]}, seed 0: the loss"):
        bench.bench_model(*given, CANDIDATES[:2], 1, tmp_path, False)
    with pytest.raises(LidarliveError, match="the same command continues from them"):
        bench.bench_model(*given, CANDIDATES[2:], 1, tmp_path, False)
    assert asked == list(CANDIDATES[:3])  # an interruption ends them all
    assert capsys.readouterr().out == ""


def test_a_torn_line_makes_room_for_the_next(tmp_path: Path):
    path = tmp_path / bench.RESULTS_NAME
    bench._append(path, [{"told": {}, "row": 1}])
    with path.open("a") as file:
        file.write('[{"torn')
    assert bench._results(tmp_path, {}) == [{"told": {}, "row": 1}]
    bench._append(path, [{"told": {}, "row": 2}, {"told": {}, "row": 3}])
    assert [result["row"] for result in bench._results(tmp_path, {})] == [1, 2, 3]


@pytest.mark.parametrize("line", ["not JSON", '[{"row": "fast"}]', "[1]", "7"])
def test_results_that_cannot_be_read_are_one_clear_line(tmp_path: Path, line: str):
    (tmp_path / bench.RESULTS_NAME).write_text(line + "\n")
    with pytest.raises(LidarliveError, match=r"results\.jsonl cannot be used \(.*Name another folder with --out"):
        bench._results(tmp_path, {"minutes": 20.0})


def result(row: str, seed: int = 0, **other: float) -> dict[str, Any]:
    measured = {"val": {"far": {**MEASURES, **other}}}
    trained = {
        "minutes": 20.0,
        "trained_on": "tensorflow, cpu",
        "steps": 1500,
        "images": 12_000,
        "parameters": 2_500_000,
        "macs": 760_000_000,
    }
    return {"row": row, "candidate": row, "about": f"about {row}", "seed": seed, **trained, "recordings": measured}


SPEED = {
    "original": {"openvino_ms": 600.0, "tf_function_ms": 900.0},
    "fast": {"openvino_ms": 15.0, "tf_function_ms": 45.0},
}


def test_goals_compare_means_over_the_seeds():
    results = [result("original", rmse_m=1.0), result("fast", 0, rmse_m=0.5), result("fast", 1, rmse_m=0.6)]
    results += [result("fast-no-gradient", rmse_m=0.5, edge_f1=0.0), result("fast-edges-zeroed", rmse_m=0.7)]
    found = {goal.what: (round(goal.measured, 3), round(goal.limit, 3), goal.met) for goal in goals(results, SPEED)}
    assert found == {
        "val: RMSE m of fast below 0.6 times that of original": (0.55, 0.6, True),
        "val: RMSE m of fast below that of fast-no-gradient": (0.55, 0.5, False),
        "val: edge F1 of fast above that of fast-no-gradient": (0.4, 0.0, True),
        "val: boundary px of fast below that of fast-no-gradient": (5.0, 5.0, False),
        "val: RMSE m of fast-edges-zeroed above that of fast": (0.7, 0.55, True),
        "OpenVINO: frames of fast in the time of one of original": (40.0, 30.0, True),
        "tf.function: frames of fast in the time of one of original": (20.0, 30.0, False),
    }
    assert goals([result("fastdepth")], {}) == []


def test_the_table_says_what_was_measured():
    computer = {"processor": "P", "cores": 2, "memory_gb": 24.0, "system": "S", "python": "3", "load": (0.5, 0, 0)}
    told = {
        "minutes": 20.0,
        "images": None,
        "size": [192, 256],
        "train": {"nyu": 700},
        "held_out": {"val": 95},
        "test": {},
    }
    results = [result("original"), result("fast", 0), result("fast", 1, rmse_m=0.6), result("fast-edges-zeroed")]
    results[-1]["recordings"]["val"]["far"]["edge_f1"] = None
    lines = markdown({"measured_on": computer, **told, "results": results, "speed": SPEED}).splitlines()
    assert lines[0].startswith(
        "Trained for 20 minutes of processor time each (tensorflow, cpu), on nyu (700 frames); val (95 frames)"
    )
    assert "| original | about original | 1 | 0.500 | 0.200 | 0.700 | 0.400 | 5.000 |" in lines
    assert any(line.startswith("| fast | about fast | 2 | 0.550 (0.500–0.600) | 0.200 (0.2") for line in lines)
    assert "| fast-edges-zeroed | about fast-edges-zeroed | 1 | 0.500 | 0.200 | 0.700 | – | 5.000 |" in lines
    assert "| fast | 20.0 | 1,500 | 12,000 | 2.50 M | 0.76 | 15.0 (x40.0) | 45.0 (x20.0) |" in lines
    assert sum(line.startswith("| fast-edges-zeroed |") for line in lines) == 1  # it costs what fast costs
