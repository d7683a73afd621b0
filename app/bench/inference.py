"""`lidarlive bench inference`: time the pair per frame, in every runtime and with one and two threads.

Each number of threads is a child process, as TensorFlow takes no other once it has begun; within it all runtimes take
turns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import psutil
import typer

from app.bench.goals import Goal
from app.bench.machine import computer
from app.cli.options import JsonOption, WeightsOption
from app.progress import run_job
from model import store
from model.bench.job import RuntimesTimed

THREADS = (1, 2)
ORIGINAL = "original"
# What two threads should reach, by precision: milliseconds of p50, and how many times as fast as tf.function.
GOALS = {"bf16": (8.0, 3.0), "f32": (16.0, 1.7)}
OVER_ORIGINAL = 30.0

Measured = Mapping[str, Any]  # by model.bench.inference, for one number of threads


@dataclass(frozen=True)
class BenchInferenceCommand:
    """Time the networks per frame in OpenVINO, tf.function, TFLite and ONNX Runtime, with one and two threads."""

    weights: WeightsOption = None
    turns: Annotated[int, typer.Option(min=1, help="turns for each runtime, of 8 frames each")] = 25
    json: JsonOption = False


def run(options: BenchInferenceCommand) -> int:
    """Run the benchmark. Raises LidarliveError."""
    return bench_inference(options.weights, turns=options.turns, as_json=options.json)


def bench_inference(weights: str | None, turns: int, as_json: bool) -> int:
    """Time the version and print a table. Raises LidarliveError where there are no weights or they cannot be read."""
    folder = store.named_or_active(weights)
    asked = [{"weights": str(folder), "threads": n, "turns": turns} for n in THREADS if n <= (psutil.cpu_count() or 1)]
    measured = [run_job("model.bench.inference", json.dumps(each), RuntimesTimed).inference for each in asked]
    found = goals(measured[-1])
    document = {
        "measured_on": {**computer(), "load": psutil.getloadavg()},
        "weights": folder.name,
        "threads": measured,
        "goals": [{**asdict(goal), "met": goal.met} for goal in found],
    }
    print(json.dumps(document) if as_json else markdown(document, found))
    return 0


def goals(measured: Measured) -> list[Goal]:
    """Of one number of threads: each of our precisions against its own limits, `tf.function` and `original`."""
    rows = {(row["pair"], row["name"], row["precision"]): row["p50_ms"] for row in measured["runtimes"]}
    pair = next(name for name, *_ in rows)
    found = []
    for precision, (most_ms, over_tf_function) in GOALS.items():
        ours_ms = rows.get((pair, "OpenVINO", precision))
        if ours_ms is None:
            continue
        found += [
            Goal(f"OpenVINO {precision}: p50, ms", ours_ms, "below", most_ms),
            Goal(
                f"OpenVINO {precision}: times as fast as tf.function",
                rows[pair, "tf.function", "f32"] / ours_ms,
                "above",
                over_tf_function,
            ),
        ]
    original_ms, ours_ms = rows.get((ORIGINAL, "OpenVINO", "f32")), rows[pair, "OpenVINO", "f32"]
    if original_ms is not None and pair != ORIGINAL:
        what = f"OpenVINO f32: times as fast as the pair of preset {ORIGINAL}"
        found.append(Goal(what, original_ms / ours_ms, "above", OVER_ORIGINAL))
    return found


def markdown(document: Mapping[str, Any], found: Sequence[Goal]) -> str:
    """The table, what it was measured on, and the goals."""
    on = document["measured_on"]
    lines = [
        f"Weights {document['weights']}, on {on['processor']}, {on['cores']} cores, load {on['load'][0]:.1f}; "
        f"{on['system']}, Python {on['python']}. Delays of one frame in ms; *theory* is what as many multiplications "
        "take in a product of two large matrices here.",
        "",
        "| threads | pair | runtime | p50 | p95 | p99 | theory | frames | differs by |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for measured in document["threads"]:
        for row in measured["runtimes"]:
            theory_ms = measured["macs"][row["pair"]] / measured["matrix_gmacs_per_s"] / 1e6
            lines.append(
                f"| {measured['threads']} | {row['pair']} | {row['name']} {row['precision']} | {row['p50_ms']:.1f} | "
                f"{row['p95_ms']:.1f} | {row['p99_ms']:.1f} | {theory_ms:.1f} | {row['frames']} | "
                f"{row['difference']:.1g} |"
            )
    lines += [
        "",
        f"| goal, {document['threads'][-1]['threads']} threads | measured | should be | |",
        "|---|---|---|---|",
    ]
    for goal in found:
        verdict = "met" if goal.met else "missed"
        lines.append(f"| {goal.what} | {goal.measured:.1f} | {goal.side} {goal.limit:g} | {verdict} |")
    return "\n".join(lines)
