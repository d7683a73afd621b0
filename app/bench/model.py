"""`lidarlive bench model`: networks trained on the same recordings for the same processor time, and measured alike.

Each training is a child process, and its result a line in OUT/results.jsonl as soon as it is there: the same command
goes on where it was interrupted. At the end all networks are timed in one more child, in turn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from app.bench.machine import computer
from app.bench.model_table import goals, markdown
from app.cli.options import DataArgument, JsonOption
from capture import paths
from capture.errors import LidarliveError
from model.bench.job import CANDIDATES, STOPPED, Job
from model.jobs.client import last_event

MINUTES = 20.0
RESULTS_NAME, TABLE_NAME = "results.jsonl", "table.md"

Result = dict[str, Any]


@dataclass(frozen=True)
class BenchModelCommand:
    """Train each network for the same CPU time and measure all alike. Resumes an interrupted run."""

    data: DataArgument
    held_out: Annotated[list[str], typer.Option(help="a recording that selects the best epoch and is reported")]
    test: Annotated[list[str], typer.Option(help="a recording that is only reported")] = field(default_factory=list)
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help=f"CPU time of each training; default: {MINUTES:g}")
    ] = None
    images: Annotated[
        int | None, typer.Option(min=1, help="number of images for each training, instead of --minutes")
    ] = None
    only: Annotated[
        list[str],
        typer.Option(metavar="NAME", help=f"train only this network: {', '.join(CANDIDATES)}"),
    ] = field(default_factory=list)
    seeds: Annotated[int, typer.Option(min=1, help="number of trainings of each network")] = 1
    out: Annotated[
        Path | None, typer.Option(help="folder for results and weights; default: bench-model in the home folder")
    ] = None
    json: JsonOption = False


def run(options: BenchModelCommand) -> int:
    """Run the benchmark. Raises LidarliveError."""
    return bench_model(
        options.data,
        held_out=options.held_out,
        test=options.test,
        minutes=MINUTES if options.minutes is None and options.images is None else options.minutes,
        images=options.images,
        only=options.only,
        seeds=options.seeds,
        out=options.out,
        as_json=options.json,
    )


def bench_model(
    data: Sequence[Path],
    held_out: Sequence[str],
    test: Sequence[str],
    minutes: float | None,
    images: int | None,
    only: Sequence[str],
    seeds: int,
    out: Path | None,
    as_json: bool,
) -> int:
    """Train what OUT has no result of yet, time everything, and print the table; OUT/table.md holds it too.

    A goal that is missed is a result, not an error. Raises LidarliveError where the data is no good or OUT holds
    results of another benchmark; where a training came to nothing, after the others were made and the table is printed.
    """
    out = out or paths.home() / "bench-model"
    names = list(only) or list(CANDIDATES)
    first = Job(names[0], 0, minutes, images, tuple(map(str, data)), tuple(held_out), tuple(test), str(out))
    jobs = [replace(first, candidate=name, seed=seed) for seed in range(seeds) for name in names]
    told = first.told()
    for note in first.split()[0].notes:
        _say(note)
    results, failures = _results(out, told), []
    for number, job in enumerate(jobs, start=1):
        if any(result["candidate"] == job.candidate and result["seed"] == job.seed for result in results):
            _say(f"{number}/{len(jobs)} {job.candidate}, seed {job.seed}: known already")
            continue
        _say(f"{number}/{len(jobs)} {job.candidate}, seed {job.seed}: {_told(job)}")
        try:
            found = last_event("model.bench.run", job.to_json())["results"]
        except LidarliveError as error:
            if str(error) == STOPPED:
                raise
            failures.append(f"{job.candidate}, seed {job.seed}: {error}")
            _say(failures[-1])
            continue
        _append(out / RESULTS_NAME, found)
        results += found
    if results:
        _show(sorted(results, key=lambda r: CANDIDATES.index(r["candidate"])), told, out, as_json)
    if failures:
        raise LidarliveError(f"{len(failures)} of {len(jobs)} trainings came to nothing: {'; '.join(failures)}")
    return 0


def _show(results: list[Result], told: dict[str, Any], out: Path, as_json: bool) -> None:
    """Time all networks there is a result of, and print what the benchmark came to."""
    speed = _speed(results)
    document = {"measured_on": {**computer(), "load": psutil.getloadavg()}, **told, "results": results, "speed": speed}
    table = markdown(document)
    (out / TABLE_NAME).write_text(table, encoding="utf-8")
    print(json.dumps({**document, "goals": [asdict(g) for g in goals(results, speed)]}) if as_json else table)


def _results(out: Path, told: dict[str, Any]) -> list[Result]:
    """What was measured before. A last line that an interruption tore is left out."""
    path = out / RESULTS_NAME
    try:
        out.mkdir(parents=True, exist_ok=True)
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n") if path.exists() else ("", "", "")
        results: list[Result] = [result for line in whole.splitlines() for result in json.loads(line)]
        before = [(name, result["told"][name], told[name]) for result in results for name in told]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LidarliveError(f"{path} cannot be used ({error}). Name another folder with --out") from None
    for name, was, now in before:
        if was != now:
            raise LidarliveError(
                f"{out} holds the results of another benchmark: {name} was {was}, and now is {now}. "
                "Name another folder with --out"
            )
    return results


def _append(path: Path, results: list[Result]) -> None:
    """One line for one training, so that all its rows are there or none; in place of a line that was torn."""
    try:
        known = path.read_bytes() if path.exists() else b""
        with path.open("ab") as file:
            file.truncate(known.rfind(b"\n") + 1)
            file.write(json.dumps(results).encode() + b"\n")
    except OSError as error:
        raise LidarliveError(f"{path} cannot be written ({error.strerror})") from None


def _speed(results: list[Result]) -> dict[str, dict[str, float]]:
    """The time a frame of every candidate there is a result of; by the weights of its first seed."""
    weights = {r["candidate"]: r["weights"] for r in reversed(results) if r["row"] == r["candidate"]}
    _say(f"timing {', '.join(weights)}")
    speed: dict[str, dict[str, float]] = last_event("model.bench.speed", json.dumps(weights))["speed"]
    return speed


def _told(job: Job) -> str:
    if job.trained_path.exists():
        return f"trained before, in {job.trained_path}"
    return f"{job.images:,} images" if job.images is not None else f"{job.minutes:g} minutes of processor time"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
