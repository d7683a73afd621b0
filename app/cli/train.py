"""`lidarlive train` and `lidarlive evaluate`. The trainer is a child process: nothing here imports TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from capture import paths
from capture.errors import LidarliveError
from capture.recording import Dataset
from model import store
from model.config import ACTIVE, TrainConfig
from model.evaluation.evaluate import evaluate as measure
from model.events import TRAINING, Done, Progress, Started, encode
from model.jobs.client import events_of
from model.report import Evaluation
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
    """Run the trainer and show its progress. Raises LidarliveError with its error message."""
    if as_json:
        for event in events_of("model.train", config.to_json(), TRAINING):
            print(encode(event), flush=True)
        return 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with ProgressBar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task, done = bar.add_task("starting", total=1.0), None
        for event in events_of("model.train", config.to_json(), TRAINING):
            if isinstance(event, Started):
                for line in _introduction(event):
                    bar.console.print(line)
            elif isinstance(event, Progress):
                bar.update(task, completed=event.fraction, description=_stage(event))
            elif isinstance(event, Done):
                done = event
    assert done is not None
    _print_result(done)
    return 0


def _introduction(event: Started) -> Iterator[str]:
    held_out = ", ".join(event.held_out) or "none: not validated"
    resumed = " (resumes the interrupted training)" if event.resumed else ""
    yield f"training on {', '.join(event.train)}; held out: {held_out}{resumed}"
    for note in event.notes:
        yield f"note: {note}"


def _stage(event: Progress) -> str:
    """The current stage, its progress and its speed."""
    if event.stage in ("rooms", "converting"):
        return f"{event.stage} {event.step}/{event.steps}"
    return f"{event.stage} {event.epoch}/{event.epochs}, {event.images_per_s:.0f} images/s"


def _print_result(done: Done) -> None:
    weights, comparison = Path(done.weights), done.report.comparison
    listed = weights in store.versions()
    print(f"new version: {weights}")
    if comparison is not None:
        print(f"against {Path(comparison.champion).name}: {comparison.verdict.sentence}")
    print("to use it: lidarlive " + (f"weights use {weights.name}" if listed else f"view --weights {weights}"))


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
    """The options of the command line as a TrainConfig. Raises LidarliveError where one is invalid."""
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
    """Measure a version on recordings and print its figures. Raises LidarliveError."""
    for path in data:
        Dataset(path)  # reports invalid data before invalid weights
    folder = store.named_or_active(weights)
    console = Console(stderr=True)
    with ProgressBar(console=console, disable=as_json or not console.is_terminal, transient=True) as bar:
        task = bar.add_task(f"evaluating {folder.name}", total=1.0)
        evaluation = measure(data, folder, lambda done, total: bar.update(task, completed=done / total))
    if as_json:
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
