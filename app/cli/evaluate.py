"""`lidarlive evaluate`: measure a version of the network on recordings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.progress import Progress

from app.cli.options import DataArgument, JsonOption, WeightsOption
from capture.recording import Dataset
from model import store
from model.evaluation.evaluate import evaluate
from model.report import Evaluation

SHOWN = (
    ("rmse_m", "RMSE m"),
    ("abs_rel", "AbsRel"),
    ("delta1", "δ1"),
    ("edge_f1", "edge F1"),
    ("boundary_error_px", "boundary px"),
    ("scale_ratio", "scale"),
)


EXAMPLES = ("lidarlive evaluate data --weights starter",)


@dataclass(frozen=True)
class EvaluateCommand:
    """Measure the network on recordings: RMSE, AbsRel and other metrics, near and far."""

    data: DataArgument
    weights: WeightsOption = None
    json: JsonOption = False


def run(options: EvaluateCommand) -> int:
    """Print the report of a version on recordings. Raises LidarliveError."""
    for path in options.data:
        Dataset(path)  # report faults of the data before those of the weights
    folder = store.named_or_active(options.weights)
    console = Console(stderr=True)
    with Progress(console=console, disable=options.json or not console.is_terminal, transient=True) as progress:
        task = progress.add_task(f"evaluating {folder.name}", total=1.0)
        evaluation = evaluate(options.data, folder, lambda done, total: progress.update(task, completed=done / total))
    if options.json:
        print(json.dumps(asdict(evaluation)))
    else:
        _print_evaluation(evaluation)
    return 0


def _print_evaluation(evaluation: Evaluation) -> None:
    """One line per range: legible in a terminal of any width."""
    print(f"weights: {evaluation.weights}")
    for name, ranges in {**evaluation.recordings, "all": evaluation.all}.items():
        print(f"{name}, {ranges['near']['frames']} frames")
        for part, figures in ranges.items():
            shown = (
                f"{title} {'–' if (value := figures[key]) is None else format(value, '.3f')}" for key, title in SHOWN
            )
            print(f"    {part:5}" + "   ".join(shown))
    for note in evaluation.notes:
        print(f"note: {note}")
