"""`lidarlive train`: train a new version in a child process. Nothing here imports TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from app.cli.options import JsonOption, one_of
from capture import paths
from capture.errors import LidarliveError
from model import store
from model.config import INPUT_SIZE, TrainConfig
from model.events import TRAINING, Done, Progress, Started, encode
from model.jobs.client import events_of
from model.preset_facts import DEFAULT_PRESET, PRESETS
from model.report import SAME_WALK
from model.training.checkpoint import newest_interrupted

EXAMPLES = (
    "lidarlive train data  # on all recordings but the newest, which it validates on",
    "lidarlive train data --budget 15 --resume  # the best of 15 minutes; resume after Ctrl-C, a crash or a full disk",
    "lidarlive train data/walk  # on one recording: validates on its last fifth, which flatters the result",
    "lidarlive train data --preset original --from-scratch  # the networks as first published",
)


@dataclass(frozen=True)
class TrainCommand:
    """Train the gradient and the finetune network. Creates a new version and does not activate it.

    Ctrl-C, a crash or a full disk interrupt a training; --resume continues it after the last complete epoch.
    """

    data: Annotated[
        list[Path] | None, typer.Argument(help="recordings, or folders of recordings; may be in --config")
    ] = None
    held_out: Annotated[
        list[str],
        typer.Option(
            help="a recording to validate on, not to train on; may be repeated; default: the newest "
            "that has no frame of another"
        ),
    ] = field(default_factory=list)
    last_fifth: Annotated[
        bool | None,
        typer.Option(
            "--last-fifth/--no-last-fifth",
            help=f"validate a single recording on its own last fifth, with a gap before it ({SAME_WALK}); default: "
            "where one recording is given and it is long enough",
        ),
    ] = None
    preset: Annotated[
        str | None, typer.Option(help=f"{one_of(PRESETS)}; default: that of the active weights, else {DEFAULT_PRESET}")
    ] = None
    epochs: Annotated[int | None, typer.Option(min=1, help="maximum number of passes over the data")] = None
    budget: Annotated[
        float | None, typer.Option(min=0.1, metavar="MINUTES", help="stop after this time and keep the best epoch")
    ] = None
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="input size of the network for upright pictures; default: that of the active weights, "
            f"{'x'.join(map(str, INPUT_SIZE))} from scratch",
        ),
    ] = None
    seed: Annotated[int | None, typer.Option(help="the same seed and data give the same weights; default: 0")] = None
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="start from random weights, not from the active ones")
    ] = False
    resume: Annotated[
        bool, typer.Option("--resume", help="resume the newest interrupted training, or the one of --out")
    ] = False
    out: Annotated[
        Path | None, typer.Option(help="folder of the new version; default: a new one in the weights folder")
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="a TrainConfig as JSON; other options override its fields"),
    ] = None
    json: JsonOption = False


def run(options: TrainCommand) -> int:
    """Run the trainer in a child process and show its progress. Raises LidarliveError with its error."""
    config = train_config(options)
    if options.json:
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
    if event.same_walk:
        trained, judged = sum(event.train.values()), sum(event.held_out.values())
        held_out = f"its last fifth, {judged} frames, after {trained} to train on and a gap"
    yield f"training on {', '.join(event.train)}; held out: {held_out}{resumed}"
    for note in event.notes:
        yield f"note: {note}"
    if event.same_walk:
        yield "note: to know more, record a second one and walk elsewhere; --no-last-fifth trains on all frames instead"


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
    elif done.report.same_walk:
        near = done.report.all["near"]
        figures = ("–" if (value := near[name]) is None else f"{value:.3f}" for name in ("abs_rel", "rmse_m"))
        print("AbsRel {}, RMSE {} m ({})".format(*figures, SAME_WALK))
    print("to use it: lidarlive " + (f"weights use {weights.name}" if listed else f"view --weights {weights}"))


def train_config(options: TrainCommand) -> TrainConfig:
    """Merge --config and the other options, which win. Raises LidarliveError if a value is invalid."""
    values: dict[str, object] = {"resumable": True} | ({} if options.config is None else _read_config(options.config))
    values |= {name: value for name, value in _given(options).items() if value is not None}
    if options.from_scratch:
        values["continue_from"] = None
    if not values.get("data"):
        raise typer.BadParameter("name the recordings to train on, or a --config FILE that does")
    if not values.get("out"):
        resume = bool(values.get("resume"))
        values["out"] = str(newest_interrupted(paths.weights_folder()) if resume else store.new_version_folder())
    return TrainConfig.from_json(json.dumps(values))


def _given(options: TrainCommand) -> dict[str, object]:
    """Return the fields of a TrainConfig that the command line sets; None for the others."""
    return {
        "data": [str(path) for path in options.data or ()] or None,
        "out": None if options.out is None else str(options.out),
        "held_out": options.held_out or None,
        "last_fifth": options.last_fifth,
        "preset": options.preset,
        "epochs": options.epochs,
        "budget_minutes": options.budget,
        "size": None if options.size is None else _size(options.size),
        "seed": options.seed,
        "resume": options.resume or None,
    }


def _read_config(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LidarliveError(f"{path} cannot be read ({error.strerror}): check the name after --config") from None
    except ValueError as error:
        raise LidarliveError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise LidarliveError(f"{path} must hold a JSON object. Received: {type(values).__name__}")
    return values


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise LidarliveError(f"--size must be WIDTHxHEIGHT. Received: {text!r}")
    return int(width), int(height)
