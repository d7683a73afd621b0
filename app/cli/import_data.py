"""`lidarlive import`: convert the recordings of other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.framework.signals import sigterm_interrupts
from app.progress import frame_progress
from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.containers.data_sets import open_data_sets
from capture.formats.importing import import_path
from capture.formats.registry import import_titles, is_data_set
from capture.frame import Intrinsics
from capture.storage.writer import RecordingWriter
from capture.wording import counted

MAX_FAULTS = 5  # lines per source; a data set may have thousands


EXAMPLES = (
    "lidarlive import walk.r3d 71de12f9/ data",
    "lidarlive import photos data --depth-scale 5000 --intrinsics 525,525,319.5,239.5",
)


@dataclass(frozen=True)
class ImportCommand:
    """Import data of other programs as recordings. Exit status 3: done, but damaged frames were left out.

    A folder or a ZIP may hold several data sets; each becomes a recording. One that cannot be imported is named, and
    the others are imported nevertheless (exit status 1).
    """

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

    SIGTERM and Ctrl-C raise KeyboardInterrupt and mark what was imported as `incomplete`. Raises LidarliveError if a
    source cannot be imported, once the others are.
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
    batch = _Batch()
    try:
        with sigterm_interrupts():
            for source in sources:
                with batch.attempt():
                    _import_source(source, dataset, options, batch)
    except KeyboardInterrupt:
        print(
            f"lidarlive: Interrupted. What was imported so far, if anything, is in {dataset}, marked incomplete",
            file=sys.stderr,
        )
        raise
    batch.raise_failure()
    return 3 if any(writer.lost for writer in batch.writers) else 0


class _Batch:
    """Imports of several data sets: one that fails does not keep the others from being imported."""

    def __init__(self) -> None:
        self.writers: list[RecordingWriter] = []
        self._failures: list[str] = []

    @contextmanager
    def attempt(self, in_words: Callable[[str], str] = str) -> Iterator[None]:
        """Note an error of one import; `in_words` makes its message one for the user."""
        try:
            yield
        except LidarliveError as error:
            self._failures.append(in_words(str(error)))

    def raise_failure(self) -> None:
        """Print each failure and raise LidarliveError; the failure itself if there was nothing else to import."""
        if not self._failures:
            return
        if len(self._failures) == 1 and not self.writers:
            raise LidarliveError(self._failures[0])
        for failure in self._failures:
            print(f"lidarlive: {failure}", file=sys.stderr)
        attempted = len(self._failures) + len(self.writers)
        raise LidarliveError(
            f"{len(self._failures)} of {attempted} data sets could not be imported; {len(self.writers)} were"
        )


def _import_source(source: Path, dataset: Path, options: ImportOptions, batch: _Batch) -> None:
    """Import the data set at a path, or each of those in the folder or archive."""
    try:
        with open_data_sets(source, is_data_set, dataset) as found:
            if options.name is not None and len(found.paths) > 1:
                raise LidarliveError(
                    f"--name names one recording. Received: {source} with {len(found.paths)} data sets"
                )
            for path in found.paths:
                with batch.attempt(found.in_words):
                    batch.writers.append(_import(path, dataset, options, found.in_words))
    except OSError as error:
        raise LidarliveError(f"{source} cannot be read ({error.strerror or error})") from None


def _intrinsics(text: str) -> Intrinsics:
    try:
        fx, fy, cx, cy = map(float, text.split(","))
        return Intrinsics(fx, fy, cx, cy)
    except ValueError:
        raise LidarliveError(
            f"--intrinsics must be four numbers, fx,fy,cx,cy in pixels. Received: {text!r:.80}"
        ) from None


def _import(
    source: Path, dataset: Path, options: ImportOptions, in_words: Callable[[str], str] = str
) -> RecordingWriter:
    remarks: list[str] = []
    faults: list[str] = []
    with frame_progress() as progress:
        task = progress.add_task(source.name, total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        def keep(fault: str) -> None:
            if len(faults) < MAX_FAULTS:
                faults.append(fault)

        writer = import_path(source, dataset, options, show, remarks.append, keep)
    for line in (*faults, *remarks):
        print(in_words(line), file=sys.stderr)
    damaged = writer.lost["damaged"]
    left_out = f", {counted(damaged, 'damaged one')} left out" if damaged else ""
    print(f"{writer.path}: {counted(writer.written, 'frame')}{left_out}")
    return writer
