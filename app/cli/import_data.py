"""`lidarlive import`: convert the recordings of other programs."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.framework.signals import sigterm_interrupts
from app.progress import frame_progress
from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from capture.formats.registry import import_titles
from capture.frame import Intrinsics
from capture.storage.writer import RecordingWriter

MAX_REMARKS = 5  # lines per source; a data set may have thousands of faults


EXAMPLES = (
    "lidarlive import walk.r3d 71de12f9/ data",
    "lidarlive import photos data --depth-scale 5000 --intrinsics 525,525,319.5,239.5",
)


@dataclass(frozen=True)
class ImportCommand:
    """Import data of other programs as recordings. Exit status 3: done, but damaged frames were left out."""

    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SRC... OUT",
            help=f"{import_titles()}; then the folder of the data set",
        ),
    ]
    depth_scale: Annotated[
        float | None,
        typer.Option(metavar="UNITS_PER_METRE", help="of the depth maps; default: 1000, and 5000 for TUM sequences"),
    ] = None
    intrinsics: Annotated[
        str | None, typer.Option(metavar="FX,FY,CX,CY", help="in pixels of the pictures; default: unknown")
    ] = None
    name: Annotated[str | None, typer.Option(help="name of the recording; default: that of the source")] = None


def run(options: ImportCommand) -> int:
    """Import each source. Returns the exit status: 3 if damaged frames were left out.

    SIGTERM and Ctrl-C raise KeyboardInterrupt and mark what was imported as `incomplete`. Raises LidarliveError.
    """
    if len(options.sources) < 2:
        raise typer.BadParameter("name at least one source and the folder to import into")
    *sources, dataset = options.sources
    intrinsics = None if options.intrinsics is None else _intrinsics(options.intrinsics)
    return _import_all(sources, dataset, ImportOptions(options.depth_scale, intrinsics, options.name))


def _import_all(sources: list[Path], dataset: Path, options: ImportOptions) -> int:
    if options.name is not None and len(sources) > 1:
        raise LidarliveError(f"--name names one recording. Received: {len(sources)} sources; import them one by one")
    for source in sources:
        if not os.path.exists(source):  # before importing the first, which takes minutes
            raise LidarliveError(f"{source} does not exist; `lidarlive import` reads {import_titles()}")
    try:
        with sigterm_interrupts():
            writers = [_import(source, dataset, options) for source in sources]
    except KeyboardInterrupt:
        print(
            f"lidarlive: Interrupted. What was imported so far, if anything, is in {dataset}, marked incomplete",
            file=sys.stderr,
        )
        raise
    return 3 if any(writer.lost for writer in writers) else 0


def _intrinsics(text: str) -> Intrinsics:
    try:
        fx, fy, cx, cy = map(float, text.split(","))
        return Intrinsics(fx, fy, cx, cy)
    except ValueError:
        raise LidarliveError(
            f"--intrinsics must be four numbers, fx,fy,cx,cy in pixels. Received: {text!r:.80}"
        ) from None


def _import(source: Path, dataset: Path, options: ImportOptions) -> RecordingWriter:
    remarks: list[str] = []
    with frame_progress() as progress:
        task = progress.add_task(source.name, total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        def keep(remark: str) -> None:
            if len(remarks) < MAX_REMARKS:
                remarks.append(remark)

        writer = import_path(source, dataset, options, show, keep)
    for remark in remarks:
        print(remark, file=sys.stderr)
    damaged = writer.lost["damaged"]
    print(f"{writer.path}: {writer.written} frames" + (f", {damaged} damaged ones left out" if damaged else ""))
    return writer
