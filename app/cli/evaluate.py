"""`lidarlive evaluate`: measure a version of the network on recordings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.options import DataArgument, JsonOption, WeightsOption
from capture.recording import Dataset
from model import store
from model.evaluation.evaluate import evaluate, evaluate_with_motion
from model.report import Evaluation, MotionEvaluation, Ranges

SHOWN = (
    ("rmse_m", "RMSE m"),
    ("abs_rel", "AbsRel"),
    ("delta1", "δ1"),
    ("edge_f1", "edge F1"),
    ("boundary_error_px", "boundary px"),
    ("scale_ratio", "scale"),
)


EXAMPLES = ("lidarlive evaluate data --weights starter", "lidarlive evaluate data --motion")


@dataclass(frozen=True)
class EvaluateCommand:
    """Measure the network on recordings: RMSE, AbsRel and other metrics, near and far."""

    data: DataArgument
    weights: WeightsOption = None
    motion: Annotated[
        bool, typer.Option("--motion", help="also measure predictions scaled from the camera's motion, apart")
    ] = False
    json: JsonOption = False


def run(options: EvaluateCommand) -> int:
    """Print the report of a version on recordings. Raises LidarliveError."""
    for path in options.data:
        Dataset(path)  # report faults of the data before those of the weights
    folder = store.named_or_active(options.weights)
    console = Console(stderr=True)
    with Progress(console=console, disable=options.json or not console.is_terminal, transient=True) as progress:
        evaluation = evaluate(options.data, folder, _shown(progress, f"evaluating {folder.name}"))
        moved = None
        if options.motion:
            moved = evaluate_with_motion(options.data, folder, _shown(progress, "the same, scaled from motion"))
    if options.json:
        print(json.dumps(asdict(evaluation) | ({} if moved is None else {"motion": asdict(moved)})))
    else:
        _print_evaluation(evaluation, moved)
    return 0


def _shown(progress: Progress, what: str) -> Callable[[int, int], None]:
    task = progress.add_task(what, total=1.0)
    return lambda done, total: progress.update(task, completed=done / total)


def _print_evaluation(evaluation: Evaluation, moved: MotionEvaluation | None) -> None:
    print(f"weights: {evaluation.weights}")
    _print_figures({**evaluation.recordings, "all": evaluation.all})
    for note in evaluation.notes:
        print(f"note: {note}")
    if moved is not None:
        print(f"\nscaled from motion ({moved.scaled_frames} frames had evidence)")
        _print_figures({**moved.recordings, "all": moved.all})


def _print_figures(by_name: dict[str, Ranges]) -> None:
    """One line per range: legible in a terminal of any width."""
    for name, ranges in by_name.items():
        print(f"{name}, {ranges['near']['frames']} frames")
        for part, figures in ranges.items():
            shown = (
                f"{title} {'–' if (value := figures[key]) is None else format(value, '.3f')}" for key, title in SHOWN
            )
            print(f"    {part:5}" + "   ".join(shown))
