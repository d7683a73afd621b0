"""`lidarlive export`: recordings into formats of others."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from app.progress import frame_progress
from capture.formats.exporting import Exported, ExportOptions, export_path

MAX_FAULTS = 5  # lines; a recording of thousands of frames may have as many faults
INTERRUPTED = 130  # as a shell has it for Ctrl-C


def export(path: Path, out: Path, options: ExportOptions) -> int:
    """Export a recording or a data set. Returns the exit status: 3 where damaged frames were left out.

    Raises LidarliveError.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as with Ctrl-C
    try:
        exported = _export(path, out, options)
    except KeyboardInterrupt:
        print(f"lidarlive: stopped; nothing was written to {out}", file=sys.stderr)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    damaged = exported.damaged
    frames = f"{exported.frames} frame{'' if exported.frames == 1 else 's'}"
    print(f"{out}: {frames}" + (f", {damaged} damaged ones left out" if damaged else ""))
    return 3 if damaged or exported.repaired else 0


def _export(path: Path, out: Path, options: ExportOptions) -> Exported:
    faults: list[str] = []
    with frame_progress() as progress:
        task = progress.add_task(out.name, total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        def keep(fault: str) -> None:
            if len(faults) < MAX_FAULTS:
                faults.append(fault)

        exported = export_path(path, out, options, show, keep)
    for line in (*faults, *exported.remarks):
        print(f"lidarlive: {line}", file=sys.stderr)
    return exported
