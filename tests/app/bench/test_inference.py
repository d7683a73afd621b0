"""The benchmark of the runtimes: the starter's pair timed for real at a small size, and what is made of figures."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import app.bench.inference as bench
from app.bench.inference import goals, markdown
from capture.errors import LidarliveError
from model import store
from model.config import CONFIG_NAME

pytestmark = pytest.mark.trainer


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The starter, configured for a small input: its networks and its graph take any size."""
    starter = store.starter()
    assert starter is not None
    folder = tmp_path / "small"
    shutil.copytree(starter, folder)
    config = json.loads((folder / CONFIG_NAME).read_text())
    (folder / CONFIG_NAME).write_text(json.dumps({**config, "size": [64, 96]}))
    return folder


def test_every_runtime_answers_the_same_and_is_timed(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "THREADS", (1,))
    assert bench.bench_inference(str(small), turns=2, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["weights"] == "small"
    [measured] = document["threads"]
    assert measured["size"] == [64, 96]
    assert measured["macs"]["original"] > 30 * measured["macs"]["fast"] > 0
    assert measured["matrix_gmacs_per_s"] > 0
    rows = {(row["pair"], row["name"], row["precision"]): row for row in measured["runtimes"]}
    expected = {("fast", name, "f32") for name in ("OpenVINO", "tf.function", "TFLite")}
    if importlib.util.find_spec("onnxruntime"):
        expected.add(("fast", "ONNX Runtime", "f32"))
    assert expected | {("original", "OpenVINO", "f32")} == {key for key in rows if key[2] == "f32"}
    for (pair, _, precision), row in rows.items():
        assert row["frames"] == (2 if pair == "original" else 16)
        assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
        assert row["difference"] <= (1e-3 if precision == "f32" else 0.1)
    assert {goal["what"].split(":")[0] for goal in document["goals"]} >= {"OpenVINO f32"}


def row(name: str, p50_ms: float, pair: str = "fast", precision: str = "f32") -> dict[str, Any]:
    percentiles = {"p50_ms": p50_ms, "p95_ms": p50_ms + 1, "p99_ms": p50_ms + 2}
    return {"name": name, "pair": pair, "precision": precision, "frames": 200, **percentiles, "difference": 3e-7}


def measured(*rows: dict[str, Any]) -> dict[str, Any]:
    macs = {"fast": 600_000_000, "original": 40_000_000_000}
    return {"threads": 2, "size": [192, 256], "matrix_gmacs_per_s": 80.0, "macs": macs, "runtimes": list(rows)}


def test_goals_are_of_each_precision_and_of_both_rivals() -> None:
    rows = (row("OpenVINO", 20), row("tf.function", 40), row("OpenVINO", 500, pair="original"))
    found = {goal.what: (goal.measured, goal.met) for goal in goals(measured(*rows))}
    assert found == {
        "OpenVINO f32: p50, ms": (20, False),
        "OpenVINO f32: times as fast as tf.function": (2.0, True),
        "OpenVINO f32: times as fast as the pair of preset original": (25.0, False),
    }
    with_bf16 = goals(measured(row("OpenVINO", 20), row("OpenVINO", 5, precision="bf16"), *rows[1:]))
    assert [(goal.measured, goal.met) for goal in with_bf16 if "bf16" in goal.what] == [(5, True), (8.0, True)]


def test_the_table_says_what_the_multiplications_alone_would_take() -> None:
    document = {
        "measured_on": {"processor": "P", "cores": 2, "load": (0.5, 0, 0), "system": "S", "python": "3.11"},
        "weights": "starter",
        "threads": [measured(row("OpenVINO", 15.26))],
    }
    text = markdown(document, goals(measured(row("OpenVINO", 15.26), row("tf.function", 30))))
    assert "| 2 | fast | OpenVINO f32 | 15.3 | 16.3 | 17.3 | 7.5 | 200 | 3e-07 |" in text
    assert "| OpenVINO f32: p50, ms | 15.3 | below 16 | met |" in text


def test_weights_that_cannot_be_timed_are_one_clear_line(small: Path) -> None:
    (small / "gradient.keras").write_bytes(b"no zip")
    with pytest.raises(LidarliveError, match=r"its networks cannot be read"):
        bench.bench_inference(str(small), turns=1, as_json=True)
    with pytest.raises(LidarliveError, match="There is no weights version nowhere"):
        bench.bench_inference("nowhere", turns=1, as_json=True)
