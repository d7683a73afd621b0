"""`lidarlive bench capture`: losses, delays and cost of recording."""

from __future__ import annotations

import fnmatch
import json
import signal
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import psutil
import typer

from app.bench.capture.cases import Case, all_cases
from app.bench.capture.numbered_clip import prepared_clip
from app.bench.capture.process_monitor import MEMORY_KIND
from app.bench.capture.report import goals, print_report, summary
from app.bench.capture.run import RunResult, run_case
from app.bench.capture.x_display import display_name
from app.bench.machine import computer
from app.cli.options import JsonOption
from capture.errors import LidarliveError
from capture.sources.record3d.driver import package_installed
from model import store


@dataclass(frozen=True)
class BenchCaptureCommand:
    """Record at 60 frames per second beside the live window: losses, delays, CPU time, memory. Takes 10 minutes."""

    seconds: Annotated[float, typer.Option(min=1, help="length of the longest case; the others scale with it")] = 60
    case: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="run only this case, or all that match a pattern such as 'window-*'"),
    ] = field(default_factory=list)
    json: JsonOption = False


def run(options: BenchCaptureCommand) -> int:
    """Run the benchmark. Raises LidarliveError."""
    return bench_capture(options.seconds, patterns=options.case, as_json=options.json)


def bench_capture(seconds: float, patterns: list[str], as_json: bool) -> int:
    """Run the cases whose names match one of `patterns` (all cases if empty), and print the results.

    Returns the exit status: 3 if frames were lost, mixed or damaged. A missed goal is a result, not an error.
    Raises LidarliveError if a case failed, after the others have run and their results are printed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: programs and files are cleaned up
    cases = _selected(all_cases(seconds), patterns)
    weights = store.named_or_active(None)
    for rgb_size in sorted({case.rgb_size for case in cases}):
        _log(f"preparing the clip, {rgb_size[0]}x{rgb_size[1]}")
        prepared_clip(rgb_size)
    load_before = psutil.getloadavg()
    results, failures = _run(cases, weights)
    setting = {"display": display_name(), "memory_kind": MEMORY_KIND, "weights": weights.name}
    about = {**computer(), **setting, "load_before": load_before, "load_after": psutil.getloadavg()}
    if as_json:
        documents = [asdict(result) for result in results]
        judged = [{**asdict(goal), "met": goal.met} for goal in goals(results)]
        print(json.dumps({"measured_on": about, "cases": documents, "goals": judged}))
    else:
        print_report(about, results)
    if failures:
        raise LidarliveError(f"{len(failures)} of {len(cases)} cases could not be run: {'; '.join(failures)}")
    return 0 if all(result.verdict is None or result.verdict.perfect for result in results) else 3


def _selected(cases: list[Case], patterns: list[str]) -> list[Case]:
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(case.name, pattern) for case in cases):
            names = ", ".join(case.name for case in cases)
            raise LidarliveError(
                f"--case must be one of {names}, or a pattern such as 'window-*'. Received: {pattern!r}"
            )
    return [
        case
        for case in cases
        if (not patterns or any(fnmatch.fnmatchcase(case.name, pattern) for pattern in patterns))
        and (package_installed() or case.driver != "record3d")
    ]


def _run(cases: list[Case], weights: Path) -> tuple[list[RunResult], list[str]]:
    """Return the results, and the errors of the cases that failed."""
    results, failures = [], []
    for i, case in enumerate(cases, 1):
        width, height = case.rgb_size
        _log(f"{i}/{len(cases)} {case.name}: {width}x{height} at {case.fps} fps for {case.seconds:.0f} s")
        try:
            results.append(run_case(case, weights))
            _log(f"    {summary(results[-1])}")
        except LidarliveError as error:
            failures.append(str(error))
            _log(f"    {error}")
    return results, failures


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
