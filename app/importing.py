"""`lidarlive import`: foreign recordings into a data set."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from capture.frame import CaptureError
from capture.importer import import_r3d
from capture.writer import RecordingWriter


def import_files(sources: list[Path], dataset: Path) -> int:
    """Import each `.r3d` file. Returns the exit status: 3 where damaged frames were left out. Raises CaptureError."""
    for source in sources:
        if not source.is_file():
            raise CaptureError(f"{source} is not a file; `lidarlive import` takes .r3d files")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        writers = [_import(source, dataset, progress) for source in sources]
    for writer in writers:
        damaged = writer.lost["damaged"]
        print(f"{writer.path}: {writer.written} frames" + (f", {damaged} damaged ones left out" if damaged else ""))
    return 3 if any(writer.lost for writer in writers) else 0


def _import(source: Path, dataset: Path, progress: Progress) -> RecordingWriter:
    task = progress.add_task(source.name, total=None)

    def show(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total)

    return import_r3d(source, dataset, show)
