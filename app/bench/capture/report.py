"""Report of the capture benchmark: frames, cost, and goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from app.bench.capture.cases import ROUNDS, WITH_WINDOW
from app.bench.capture.process_monitor import Percentiles
from app.bench.capture.run import RunResult
from app.bench.goals import Goal

PAINTED_P95_MS = 60.0
PREDICTED_P95_MS = 60.0
SWITCH_GAP_MS = 300.0
BLOCKED_MS = 50.0
REPAINT_MS = 1000 / 30
PREDICTION_MS = {"watch": 1000 / 30, "window": 1000 / 10}  # interval between predictions; `window` records as well
START_MS = 200.0
MEMORY_MB = 600.0
MEMORY_GROWTH = 1.05  # second half over first: as much as runs of the same work differ
CPU_OVER_BARE = {"hands-record3d": 1.3, "recorded-record3d": 2.5, "hands-native": 0.6, "recorded-native": 0.8}
BARE = "bare-record3d"


def goals(results: Sequence[RunResult]) -> list[Goal]:
    """Return the goals of the cases that were run."""
    goals = [goal for result in results if result.case.kind in WITH_WINDOW for goal in _window_goals(result)]
    by_name = {result.case.name: result for result in results if result.cpu_ms}
    for name, limit in CPU_OVER_BARE.items():
        rounds = [
            (by_name[f"{name}-{i}"], by_name[f"{BARE}-{i}"])
            for i in ROUNDS
            if f"{name}-{i}" in by_name and f"{BARE}-{i}" in by_name
        ]
        if rounds:
            ratio = median(result.cpu_ms["total"] / bare.cpu_ms["total"] for result, bare in rounds)
            # The bare package may drop frames and still be the reference: only our own runs have to count.
            what = f"{name}: processor time over {BARE}, median of {len(rounds)}"
            goals.append(_goal(what, ratio, limit, "x", *(result for result, _ in rounds)))
    return goals


def _window_goals(result: RunResult) -> list[Goal]:
    name, memory, verdict = result.case.name, result.memory_mb, result.verdict
    found = []
    if verdict is not None:
        wrong = verdict.missing + verdict.mixed + verdict.out_of_order + verdict.damaged
        found.append(_goal(f"{name}: frames lost, mixed or damaged", wrong, 0, "", result))
    if result.case.kind in PREDICTION_MS and not name.startswith("large") and result.predictions_per_s:
        between_ms, limit_ms = 1000 / result.predictions_per_s, PREDICTION_MS[result.case.kind]
        found.append(_goal(f"{name}: from a prediction to the next", between_ms, limit_ms, "ms", result))
    if result.case.kind == "watch" and (predicted := result.delay_ms.get("predicted")):
        found.append(_goal(f"{name}: predicted, p95", predicted.p95, PREDICTED_P95_MS, "ms", result))
    if result.case.kind == "watch" and result.repaints_per_s:
        found.append(
            _goal(f"{name}: from a repaint to the next", 1000 / result.repaints_per_s, REPAINT_MS, "ms", result)
        )
    if (blocked_ms := result.blocked_ms) is not None and not name.startswith("large"):
        found.append(_goal(f"{name}: event loop blocked, longest", blocked_ms, BLOCKED_MS, "ms", result))
    if (gap_ms := result.switch_gap_ms) is not None:
        found.append(_goal(f"{name}: without prediction, new weights", gap_ms, SWITCH_GAP_MS, "ms", result))
    if name.startswith("large") or result.case.kind == "retrain":
        return found  # the memory of a training beside it is no goal
    if memory is not None:
        growth = memory.second_half / memory.first_half
        found.append(_goal(f"{name}: memory", memory.most, MEMORY_MB, "MB", result))
        found.append(_goal(f"{name}: memory, second half over first", growth, MEMORY_GROWTH, "x", result))
    if painted := result.delay_ms.get("painted"):
        found.append(_goal(f"{name}: painted LiDAR, p95", painted.p95, PAINTED_P95_MS, "ms", result))
    if result.start_ms is not None:
        found.append(_goal(f"{name}: button to first line", result.start_ms, START_MS, "ms", result))
    return found


def _goal(what: str, measured: float, limit: float, unit: str, *runs: RunResult) -> Goal:
    return Goal(what, measured, "at most", limit, unit, counts=all(run.counts for run in runs))


def summary(result: RunResult) -> str:
    """Summarise one result in a line, for the log."""
    line = f"{result.sent} frames at {result.fps:.1f} fps, {result.phone_dropped} dropped by the phone"
    verdict = result.verdict
    line += "" if verdict is None else f", {verdict.missing} lost, {verdict.mixed} mixed"
    return line if result.trained_images is None else f"{line}, {result.trained_images} images trained on meanwhile"


def print_report(about: Mapping[str, Any], results: Sequence[RunResult]) -> None:
    """Print three tables, 80 columns wide: frames, cost, goals."""
    console = Console()
    for table in (_frames_table(results), _cost_table(results, about["memory_kind"]), _goals_table(goals(results))):
        console.print(table)
    loads = " to ".join(f"{load[0]:.1f}" for load in (about["load_before"], about["load_after"]))
    console.print(
        f"Measured on {about['processor']}, {about['cores']} cores, {about['memory_gb']} GB, load {loads}; "
        f"{about['system']}, Python {about['python']}; display: {about['display']}; weights: {about['weights']}.",
        highlight=False,
    )


def _frames_table(results: Sequence[RunResult]) -> Table:
    title = "Frames. A case counts if the phone kept the rate and dropped none."
    table = _table(title, "case", "fps", "sent", "dropped", "written", "lost", "mixed", "order", "counts")
    for result in results:
        verdict = result.verdict
        counted = ("–", "–", "–", "–")
        if verdict is not None:
            order = "wrong" if verdict.out_of_order else "kept"
            counted = (str(verdict.recorded), str(verdict.missing), str(verdict.mixed), order)
        fps = f"{result.fps:.1f}/{result.case.fps}"
        dropped, counts = str(result.phone_dropped), "yes" if result.counts else "no"
        table.add_row(result.case.name, fps, str(result.sent), dropped, *counted, counts)
    return table


def _cost_table(results: Sequence[RunResult], memory_kind: str) -> Table:
    title = f"Processor ms per frame; MB {memory_kind}; ms since the phone began to send, p50/p95/p99"
    table = _table(title, "case", "app", "capture", "total", "MB", "received", "on disk", "predicted", "painted")
    for result in results:
        cpu = (_number(result.cpu_ms.get(role), ".2f") for role in ("app", "capture", "total"))
        memory = _number(result.memory_mb.most if result.memory_mb else None, ".0f")
        delays = (_delay(result.delay_ms.get(kind)) for kind in ("hands", "disk", "predicted", "painted"))
        table.add_row(result.case.name, *cpu, memory, *delays)
    return table


def _goals_table(goals: Sequence[Goal]) -> Table:
    table = _table("Goals", "goal", "measured", "at most", "")
    for goal in goals:
        digits = 2 if goal.unit == "x" else 0
        outcome = "met" if goal.met else "missed" if goal.counts else "no count"
        measured, limit = (f"{value:.{digits}f} {goal.unit}".strip() for value in (goal.measured, goal.limit))
        table.add_row(goal.what, measured, limit, outcome)
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _number(value: float | None, figure: str) -> str:
    return "–" if value is None else format(value, figure)


def _delay(delay: Percentiles | None) -> str:
    return "–" if delay is None else f"{delay.p50:.0f}/{delay.p95:.0f}/{delay.p99:.0f}"
