"""`lidarlive train` and `lidarlive evaluate`. The trainer is a child process: nothing here imports TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from capture import paths
from capture.errors import LidarliveError
from capture.recording import Dataset
from model import store
from model.config import ACTIVE, TrainConfig
from model.evaluation.evaluate import evaluate as measure
from model.jobs.client import events_of
from model.training.checkpoint import newest_interrupted

SHOWN = (
    ("rmse_m", "RMSE m"),
    ("abs_rel", "AbsRel"),
    ("delta1", "δ1"),
    ("edge_f1", "edge F1"),
    ("boundary_error_px", "boundary px"),
    ("scale_ratio", "scale"),
)


def train(config: TrainConfig, as_json: bool) -> int:
    """Run the trainer and show how far it is. Raises LidarliveError with what it says went wrong."""
    if as_json:
        for event in events_of("model.train", config.to_json()):
            print(json.dumps(event), flush=True)
        return 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task, weights, comparison = progress.add_task("starting", total=1.0), Path(), None
        for event in events_of("model.train", config.to_json()):
            if event["event"] == "started":
                held_out = ", ".join(event["held_out"]) or "none: not validated"
                goes_on = " (goes on where it was interrupted)" if event["resumed"] else ""
                progress.console.print(f"training on {', '.join(event['train'])}; held out: {held_out}{goes_on}")
                for note in event["notes"]:
                    progress.console.print(f"note: {note}")
            elif event["event"] == "progress":
                progress.update(task, completed=event["fraction"], description=_stage(event))
            elif event["event"] == "done":
                weights, comparison = Path(event["weights"]), event["report"]["comparison"]
    listed = weights in store.versions()
    print(f"new version: {weights}")
    if comparison is not None:
        print(f"against {Path(comparison['champion']).name}: {comparison['verdict']['sentence']}")
    print("to use it: lidarlive " + (f"weights use {weights.name}" if listed else f"view --weights {weights}"))
    return 0


def _stage(event: dict[str, Any]) -> str:
    """What is done now, and how far that is."""
    if event["stage"] in ("rooms", "converting"):
        return f"{event['stage']} {event['step']}/{event['steps']}"
    return f"{event['stage']} {event['epoch']}/{event['epochs']}, {event['images_per_s']:.0f} images/s"


def train_config(
    data: list[Path],
    held_out: list[str],
    epochs: int | None,
    budget: float | None,
    size: str | None,
    seed: int,
    preset: str | None,
    from_scratch: bool,
    resume: bool,
    out: Path | None,
) -> TrainConfig:
    """The command line's words as a TrainConfig. Raises LidarliveError where they make none."""
    if out is None:
        out = newest_interrupted(paths.weights_folder()) if resume else store.new_version_folder()
    return TrainConfig(
        data=tuple(map(str, data)),
        out=str(out),
        held_out=tuple(held_out) or None,
        preset=preset,
        epochs=epochs,
        budget_minutes=budget,
        size=None if size is None else _size(size),
        seed=seed,
        continue_from=None if from_scratch else ACTIVE,
        resumable=True,
        resume=resume,
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise LidarliveError(f"--size must be WIDTHxHEIGHT. Received: {text!r}")
    return int(width), int(height)


def evaluate(data: list[Path], weights: str | None, as_json: bool) -> int:
    """Print the report of a version on recordings. Raises LidarliveError."""
    for path in data:
        Dataset(path)  # what is wrong with the data is said before what is wrong with the weights
    folder = store.named_or_active(weights)
    console = Console(stderr=True)
    with Progress(console=console, disable=as_json or not console.is_terminal, transient=True) as progress:
        task = progress.add_task(f"evaluating {folder.name}", total=1.0)
        report = measure(data, folder, lambda done, total: progress.update(task, completed=done / total))
    if as_json:
        print(json.dumps(report))
    else:
        _print_report(report)
    return 0


def _print_report(report: dict[str, Any]) -> None:
    """A line a range: legible in a terminal of any width."""
    print(f"weights: {report['weights']}")
    for name, ranges in {**report["recordings"], "all": report["all"]}.items():
        print(f"{name}, {ranges['near']['frames']} frames")
        for part, figures in ranges.items():
            shown = (f"{title} {'–' if figures[key] is None else format(figures[key], '.3f')}" for key, title in SHOWN)
            print(f"    {part:5}" + "   ".join(shown))
