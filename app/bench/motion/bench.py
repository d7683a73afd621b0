"""The command `lidarlive bench motion`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from app.bench.goals import Goal
from app.bench.machine import computer
from app.bench.motion.measure import MotionFigures, measure
from app.cli.options import JsonOption, WeightsOption
from capture.errors import LidarliveError
from model import store
from model.predictor import Predictor

Figures = Mapping[str, MotionFigures]  # by fault of the poses
MOST_LOSS, MOST_LOSS_BY_FAULT = 1.02, 1.10  # of the prediction's own AbsRel
ABS_REL = {"desk-1": 0.24, "desk-2": 0.32}  # goals of recordings that are known by name
ABS_REL_MOVED = {"door": 0.30}
MOST_MS = 8.0
EXAMPLES = ("lidarlive bench motion desk-1.r3d my-recordings/2026-01-01_kitchen",)


@dataclass(frozen=True)
class BenchMotionCommand:
    """Measure scale from motion on recordings with poses, and what late, jumping, frozen and noisy poses cost."""

    data: Annotated[list[Path], typer.Argument(help="recordings, or .r3d files and data sets that can be imported")]
    weights: WeightsOption = None
    json: JsonOption = False


def run(options: BenchMotionCommand) -> int:
    """Run the benchmark. Raises LidarliveError."""
    missing = [str(path) for path in options.data if not path.exists()]
    if missing:
        raise LidarliveError(f"There is no file or folder {', '.join(missing)}. Name a recording or an .r3d file")
    folder = store.named_or_active(options.weights)
    predictor, console = Predictor(folder), Console(stderr=True)
    shown = track(options.data, "measuring", console=console, transient=True, disable=not console.is_terminal)
    measured = {str(path): measure(path, predictor) for path in shown}
    goals = [goal for path, figures in measured.items() for goal in goals_of(Path(path).stem, figures)]
    if options.json:
        document = {
            "measured_on": computer(),
            "weights": str(folder),
            "recordings": {name: {fault: asdict(f) for fault, f in by.items()} for name, by in measured.items()},
            "goals": [{**asdict(goal), "met": goal.met} for goal in goals],
        }
        print(json.dumps(document))
    else:
        print(text(measured, goals))
    return 0


def goals_of(name: str, figures: Figures) -> list[Goal]:
    """The goals of a recording: no worse than without, an honest deviation, and those known for its name."""
    right = figures["none"]
    goals = [Goal(f"{name}: AbsRel over that without", right.motion / right.base, "at most", MOST_LOSS)]
    goals += [
        Goal(f"{name}, {fault}: AbsRel over that without", figures[fault].motion / right.base, "at most", limit)
        for fault, limit in ((fault, MOST_LOSS_BY_FAULT) for fault in figures if fault != "none")
    ]
    if name in ABS_REL:
        goals.append(Goal(f"{name}: AbsRel", right.motion, "at most", ABS_REL[name]))
    if name in ABS_REL_MOVED and right.moved is not None:
        goals.append(Goal(f"{name}: AbsRel after 5 cm", right.moved, "at most", ABS_REL_MOVED[name]))
    if right.within_tenth is not None and right.within_one is not None and right.within_two is not None:
        goals += [
            Goal(f"{name}: scale within 10 %", right.within_tenth, "above", 0.80),
            Goal(f"{name}: within one deviation", right.within_one, "above", 0.55),
            Goal(f"{name}: within one deviation", right.within_one, "at most", 0.80),
            Goal(f"{name}: within two deviations", right.within_two, "above", 0.88),
            Goal(f"{name}: within two deviations", right.within_two, "at most", 0.99),
        ]
    return [*goals, Goal(f"{name}: ms of processor time a step", right.ms, "at most", MOST_MS)]


def text(measured: Mapping[str, Figures], goals: list[Goal]) -> str:
    """Both tables, in Markdown."""
    lines = [
        "AbsRel over 0.15-5 m, mean of views; the last four columns: of views with evidence.",
        "",
        "| recording | poses | without | with motion | after 5 cm | one true factor | evidence | within 10 % "
        "| within 1 dev. | 2 dev. | ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for path, figures in measured.items():
        lines += [f"| {Path(path).stem} | {fault} | {_row(f)} |" for fault, f in figures.items()]
    lines += ["", "| goal | measured | should be | |", "|---|---|---|---|"]
    lines += [f"| {g.what} | {g.measured:.2f} | {g.side} {g.limit:g} | {'met' if g.met else 'missed'} |" for g in goals]
    return "\n".join(lines)


def _row(f: MotionFigures) -> str:
    shares = (f.within_tenth, f.within_one, f.within_two)
    cells = [f"{f.base:.3f}", f"{f.motion:.3f}", "–" if f.moved is None else f"{f.moved:.3f}", f"{f.limit:.3f}"]
    cells += [f"{f.with_evidence}/{f.views}", *("–" if s is None else f"{100 * s:.0f} %" for s in shares)]
    return " | ".join([*cells, f"{f.ms:.1f}"])
