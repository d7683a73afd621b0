"""`lidarlive train` and `lidarlive evaluate`. The trainer is a child process: nothing here imports TensorFlow."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from capture.frame import CaptureError
from capture.recording import Dataset
from model import store
from model.config import ACTIVE, TrainConfig
from model.evaluate import evaluate as measure

Event = dict[str, Any]

SHOWN = (
    ("rmse_m", "RMSE m"),
    ("abs_rel", "AbsRel"),
    ("delta1", "δ1"),
    ("edge_f1", "edge F1"),
    ("scale_ratio", "scale"),
)


def train(config: TrainConfig, as_json: bool) -> int:
    """Run the trainer and show how far it is. Raises CaptureError with what it says went wrong."""
    if as_json:
        for event in run_trainer(config):
            print(json.dumps(event), flush=True)
        return 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task, weights = progress.add_task("starting", total=1.0), Path()
        for event in run_trainer(config):
            if event["event"] == "started":
                held_out = ", ".join(event["held_out"]) or "none: not validated"
                progress.console.print(f"training on {', '.join(event['train'])}; held out: {held_out}")
            elif event["event"] == "progress":
                about = f"{event['stage']} {event['epoch']}/{event['epochs']}, {event['images_per_s']:.0f} images/s"
                progress.update(task, completed=event["fraction"], description=about)
            elif event["event"] == "done":
                weights = Path(event["weights"])
    listed = weights in store.versions()
    print(f"new version: {weights}")
    print("to use it: lidarlive " + (f"weights use {weights.name}" if listed else f"view --weights {weights}"))
    return 0


def run_trainer(config: TrainConfig) -> Iterator[Event]:
    """Events of a trainer in a child process, until it is done. An interrupt is the trainer's to end cleanly.

    Raises CaptureError with the trainer's own words where it ends with an error.
    """
    command = [sys.executable, "-m", "model.train"]
    with (
        tempfile.TemporaryFile("w+") as chatter,  # TensorFlow's; of interest only where the trainer dies of it
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=chatter, text=True) as trainer,
    ):
        assert trainer.stdin is not None
        assert trainer.stdout is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: trainer.terminate())
        trainer.stdin.write(config.to_json())
        trainer.stdin.close()
        message = ""
        for line in trainer.stdout:
            event: Event = json.loads(line)
            if event["event"] == "error":
                message = event["message"]
            else:
                yield event
        if trainer.wait():
            chatter.seek(0)
            last = chatter.read().strip().rpartition("\n")[2]
            raise CaptureError(message or f"the trainer ended with status {trainer.returncode}: {last}")


def train_config(
    data: list[Path],
    held_out: list[str],
    epochs: int | None,
    budget: float | None,
    size: str,
    seed: int,
    from_scratch: bool,
    out: Path | None,
) -> TrainConfig:
    """The command line's words as a TrainConfig. Raises CaptureError where they make none."""
    width, _, height = size.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise CaptureError(f"--size must be WIDTHxHEIGHT. Received: {size!r}")
    given = {} if epochs is None else {"epochs": epochs}
    return TrainConfig(
        data=tuple(map(str, data)),
        out=str(out or store.new_version_folder()),
        held_out=tuple(held_out) or None,
        budget_minutes=budget,
        size=(int(width), int(height)),
        seed=seed,
        continue_from=None if from_scratch else ACTIVE,
        **given,
    )


def evaluate(data: list[Path], weights: str | None, as_json: bool) -> int:
    """Print the report of a version on recordings. Raises CaptureError."""
    for path in data:
        Dataset(path)  # what is wrong with the data is said before what is wrong with the weights
    folder = store.find(weights) if weights is not None else store.active()
    if folder is None:
        raise CaptureError("there are no weights yet: train some with `lidarlive train`")
    console = Console(stderr=True)
    with Progress(console=console, disable=as_json, transient=True) as progress:
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
