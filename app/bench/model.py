"""`lidarlive bench model`: networks trained on the same recordings for the same processor time, and measured alike.

Each training is a child process, and its result a line in OUT/results.jsonl as soon as it is there: the same command
continues an interrupted run. At the end all networks are timed in one more child, in turn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import psutil
import typer

from app.bench.machine import computer
from app.bench.model_table import goals, markdown
from app.cli.options import DataArgument, JsonOption
from app.progress import run_job
from capture import paths
from capture.errors import LidarliveError
from model.bench.job import CANDIDATES, STOPPED, Benchmarked, Job, Row, Timed

MINUTES = 20.0
RESULTS_NAME, TABLE_NAME = "results.jsonl", "table.md"


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
    """Train what has no result in OUT yet, time everything, and print the table; OUT/table.md holds it too.

    A goal that is missed is a result, not an error. Raises LidarliveError where the data is invalid or OUT holds
    results of another benchmark; where a training failed, after the others are done and the table is printed.
    """
    out = out or paths.home() / "bench-model"
    names = list(only) or list(CANDIDATES)
    first = Job(names[0], 0, minutes, images, tuple(map(str, data)), tuple(held_out), tuple(test), str(out))
    jobs = [replace(first, candidate=name, seed=seed) for seed in range(seeds) for name in names]
    fingerprint = first.fingerprint()
    for note in first.split()[0].notes:
        _say(note)
    results, failures = _results(out, fingerprint), []
    for number, job in enumerate(jobs, start=1):
        if any(result["candidate"] == job.candidate and result["seed"] == job.seed for result in results):
            _say(f"{number}/{len(jobs)} {job.candidate}, seed {job.seed}: done already")
            continue
        _say(f"{number}/{len(jobs)} {job.candidate}, seed {job.seed}: {_duration(job)}")
        try:
            found = run_job("model.bench.run", job.to_json(), Benchmarked).results
        except LidarliveError as error:
            if str(error) == STOPPED:
                raise
            failures.append(f"{job.candidate}, seed {job.seed}: {error}")
            _say(failures[-1])
            continue
        _append(out / RESULTS_NAME, found)
        results += found
    if results:
        _show(sorted(results, key=lambda r: CANDIDATES.index(r["candidate"])), fingerprint, out, as_json)
    if failures:
        raise LidarliveError(f"{len(failures)} of {len(jobs)} trainings failed: {'; '.join(failures)}")
    return 0


def _show(results: list[Row], fingerprint: Row, out: Path, as_json: bool) -> None:
    """Time all networks that have a result, and print the tables."""
    speed = _speed(results)
    document = {
        "measured_on": {**computer(), "load": psutil.getloadavg()},
        **fingerprint,
        "results": results,
        "speed": speed,
    }
    table = markdown(document)
    (out / TABLE_NAME).write_text(table, encoding="utf-8")
    print(json.dumps({**document, "goals": [asdict(g) for g in goals(results, speed)]}) if as_json else table)


def _results(out: Path, fingerprint: Row) -> list[Row]:
    """Earlier results in OUT. A torn last line is ignored."""
    path = out / RESULTS_NAME
    try:
        out.mkdir(parents=True, exist_ok=True)
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n") if path.exists() else ("", "", "")
        results: list[Row] = [result for line in whole.splitlines() for result in json.loads(line)]
        before = [(name, result["told"][name], fingerprint[name]) for result in results for name in fingerprint]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LidarliveError(f"{path} cannot be used ({error}). Name another folder with --out") from None
    for name, was, now in before:
        if was != now:
            raise LidarliveError(
                f"{out} holds the results of another benchmark: {name} was {was}, and now is {now}. "
                "Name another folder with --out"
            )
    return results


def _append(path: Path, results: list[Row]) -> None:
    """Append one line per training, so that all its rows are there or none; replaces a torn last line."""
    try:
        known = path.read_bytes() if path.exists() else b""
        with path.open("ab") as file:
            file.truncate(known.rfind(b"\n") + 1)
            file.write(json.dumps(results).encode() + b"\n")
    except OSError as error:
        raise LidarliveError(f"{path} cannot be written ({error.strerror})") from None


def _speed(results: list[Row]) -> dict[str, dict[str, float]]:
    """Times per frame of every candidate that has a result, with the weights of its first seed."""
    weights = {r["candidate"]: r["weights"] for r in reversed(results) if r["row"] == r["candidate"]}
    _say(f"timing {', '.join(weights)}")
    return run_job("model.bench.speed", json.dumps(weights), Timed).speed


def _duration(job: Job) -> str:
    if job.trained_path.exists():
        return f"trained before, in {job.trained_path}"
    return f"{job.images:,} images" if job.images is not None else f"{job.minutes:g} minutes of processor time"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
