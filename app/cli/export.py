"""`lidarlive export`: write recordings in the formats of other programs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.framework.signals import sigterm_interrupts
from app.progress import frame_progress
from capture.formats.exporting import DEPTH_SIZES, Exported, ExportOptions, export_path
from capture.formats.registry import export_names
from capture.wording import counted

MAX_FAULTS = 5  # lines printed; a recording may have thousands
INTERRUPTED = 130  # the exit status that shells use for Ctrl-C


EXAMPLES = (
    "lidarlive export data/2026-11-23T14-05-09Z_desk desk.r3d --format r3d",
    "lidarlive export data out --format folders --depth-size rgb  # X/ and Y/ for each recording",
    "lidarlive export data/2026-11-23T14-05-09Z_desk desk.ply --format ply  # the point cloud of the middle frame",
)


@dataclass(frozen=True)
class ExportCommand:
    """Export recordings for other programs. Exit status 3: done, but damaged frames were left out."""

    path: Annotated[Path, typer.Argument(help="a recording, or a folder of recordings")]
    out: Annotated[
        Path, typer.Argument(help="the file or folder to write, which must not exist; a folder for several recordings")
    ]
    format: Annotated[str, typer.Option(help=export_names())]
    frame: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help=f"the frame to export, for {export_names(lambda each: each.one_frame)}; default: the middle one",
        ),
    ] = None
    depth_size: Annotated[
        str,
        typer.Option(
            metavar="|".join(DEPTH_SIZES),
            help=f"own: as measured; rgb: that of the picture, for {export_names(lambda each: each.resizes)}",
        ),
    ] = "own"


def run(options: ExportCommand) -> int:
    """Export a recording or a data set. Returns the exit status: 3 if damaged frames were left out.

    Raises LidarliveError.
    """
    try:
        with sigterm_interrupts():
            exported = _export(options)
    except KeyboardInterrupt:
        print(f"lidarlive: stopped; nothing was written to {options.out}", file=sys.stderr)
        return INTERRUPTED
    damaged = exported.damaged
    left_out = f", {counted(damaged, 'damaged one')} left out" if damaged else ""
    print(f"{options.out}: {counted(exported.frames, 'frame')}{left_out}")
    return 3 if damaged or exported.repaired else 0


def _export(options: ExportCommand) -> Exported:
    chosen = ExportOptions(options.format, options.depth_size, options.frame)
    faults: list[str] = []
    with frame_progress() as progress:
        task = progress.add_task(options.out.name, total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        def keep(fault: str) -> None:
            if len(faults) < MAX_FAULTS:
                faults.append(fault)

        exported = export_path(options.path, options.out, chosen, show, keep)
    for line in (*faults, *exported.remarks):
        print(f"lidarlive: {line}", file=sys.stderr)
    return exported
