"""`lidarlive weights compare`: compare two versions on the same recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.cli.options import DataArgument, JsonOption
from capture.recording import Dataset, Recording
from capture.storage import json_codec
from model import store
from model.data import rehearsal
from model.evaluation.compare import compare
from model.evaluation.metrics import Metrics
from model.evaluation.verdict import MAIN
from model.report import PairedFigures, Shot, VersionComparison

RANGES = {"near": "near: confident readings, 0.2 to 5 m", "far": "far: all but unsure readings, up to 10 m"}
ROOM_METRICS = (*MAIN, "delta1", "scale_ratio")  # enough to detect forgetting


EXAMPLES = ("lidarlive weights compare starter 2026-11-26T18-47-14Z data --no-rooms",)


@dataclass(frozen=True)
class WeightsCompareCommand:
    """Compare B with A: every metric on the same recordings, by distance, with confidence intervals and a verdict."""

    champion: Annotated[str, typer.Argument(metavar="A", help="name or folder of the version to beat")]
    challenger: Annotated[str, typer.Argument(metavar="B", help="name or folder of the version that may be better")]
    data: DataArgument
    rooms: Annotated[
        bool,
        typer.Option("--rooms/--no-rooms", help="also compare on rendered rooms, to detect what B has forgotten"),
    ] = True
    json: JsonOption = False


def run(options: WeightsCompareCommand) -> int:
    """Print how two versions perform on recordings. Raises LidarliveError."""
    for path in options.data:
        Dataset(path)  # report faults of the data before those of the weights
    folders = store.find(options.champion), store.find(options.challenger)
    console = Console(stderr=True)
    with Progress(console=console, disable=options.json or not console.is_terminal, transient=True) as progress:
        rooms = _rooms(progress) if options.rooms else []
        task = progress.add_task("comparing", total=1.0)
        result = compare(
            *folders, options.data, lambda done, total: progress.update(task, completed=done / total), rooms=rooms
        )
    if options.json:
        print(json_codec.encode(result))
    else:
        _print(result, Console())
    return 0


def _rooms(progress: Progress) -> list[Recording]:
    task = progress.add_task("rendering rooms, once", total=1.0, visible=False)

    def on_progress(done: int, total: int) -> None:
        progress.update(task, completed=done / total, visible=True)

    return rehearsal.unseen_rooms(on_progress)


def _print(result: VersionComparison, console: Console) -> None:
    recordings, rooms = result.recordings, result.rooms
    console.print(f"champion    {result.champion}", f"challenger  {result.challenger}", sep="\n", highlight=False)
    console.print(f"{', '.join(recordings.champion.recordings)}: {_amount(recordings)}", highlight=False)
    for name, title in RANGES.items():
        console.print(_figures(recordings, name, title, Metrics.names()))
    console.print(_distances(recordings))
    if rooms is not None:
        console.print(f"rendered rooms that neither was trained on: {_amount(rooms)}", highlight=False)
        console.print(_figures(rooms, "near", RANGES["near"], ROOM_METRICS))
    for title, shots in (("the challenger's worst frames", result.worst), ("where it lost most", result.lost)):
        if shots:
            console.print(_shots(title, shots))
    for line in (*(f"note: {note}" for note in result.notes), result.verdict.sentence):
        console.print(line, highlight=False)


def _amount(data: PairedFigures) -> str:
    return f"{data.challenger.all['far']['frames']} frames in {data.blocks} half-second blocks"


def _figures(data: PairedFigures, name: str, title: str, metrics: tuple[str, ...]) -> Table:
    table = _table(title, "measure", "champion", "challenger", "difference", "95 % interval")
    before, after = data.champion.all[name], data.challenger.all[name]
    for metric in metrics:
        change = data.differences[name][metric]
        interval = "–" if change.interval is None else " to ".join(_signed(value) for value in change.interval)
        named = MAIN[metric][0] if metric in MAIN else metric
        table.add_row(named, _number(before[metric]), _number(after[metric]), _signed(change.difference), interval)
    return table


def _distances(data: PairedFigures) -> Table:
    table = _table("far, by distance: champion → challenger", "metres", "readings", "RMSE m", "AbsRel")
    for metre in data.by_metre:
        before, after = metre.champion, metre.challenger
        changes = _change(before.rmse_m, after.rmse_m), _change(before.abs_rel, after.abs_rel)
        table.add_row(f"{metre.from_m} to {metre.from_m + 1}", f"{100 * metre.share:.1f} %", *changes)
    return table


def _shots(title: str, shots: list[Shot]) -> Table:
    table = _table(title, "recording", "frame", "RMSE m, champion → challenger")
    for shot in shots:
        change = _change(shot.champion_rmse_m, shot.challenger_rmse_m)
        table.add_row(Path(shot.recording).name, str(shot.index), change)
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(first, title=title, title_justify="left")
    for name in others:
        table.add_column(name, justify="right")
    return table


def _number(value: float | None, sign: str = "") -> str:
    if value is None:
        return "–"
    return format(value, f"{sign},.0f" if abs(value) >= 1000 else f"{sign}.3f")


def _change(before: float, after: float) -> str:
    return f"{_number(before)} → {_number(after)}"


def _signed(value: float | None) -> str:
    return _number(value, "+")
