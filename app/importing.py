"""`lidarlive import`: foreign recordings into a data set."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from capture.frame import CaptureError
from capture.importer import import_r3d


def import_files(sources: list[Path], dataset: Path) -> int:
    """Import each `.r3d` file. Returns the exit status: 3 where damaged frames were left out. Raises CaptureError."""
    for source in sources:
        if not source.is_file():
            raise CaptureError(f"{source} is not a file; `lidarlive import` takes .r3d files")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    damaged = 0
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for source in sources:
            task = progress.add_task(source.name, total=None)
            writer = import_r3d(
                source, dataset, lambda done, total, task=task: progress.update(task, completed=done, total=total)
            )
            damaged += writer.lost["damaged"]
            lost = f", {writer.lost['damaged']} damaged ones left out" if writer.lost["damaged"] else ""
            progress.console.print(f"{writer.path}: {writer.written} frames{lost}")
    return 3 if damaged else 0
