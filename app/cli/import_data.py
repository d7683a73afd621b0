"""`lidarlive import`: foreign recordings into a data set."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from app.progress import frame_progress
from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from capture.frame import Intrinsics
from capture.storage.writer import RecordingWriter

MAX_REMARKS = 5  # lines a source; a data set of thousands of frames may have as many faults


def import_sources(sources: list[Path], dataset: Path, options: ImportOptions) -> int:
    """Import each source. Returns the exit status: 3 where damaged frames were left out.

    SIGTERM ends it as Ctrl-C does: by KeyboardInterrupt, with what was imported marked `incomplete`.

    Raises LidarliveError.
    """
    if options.name is not None and len(sources) > 1:
        raise LidarliveError(f"--name names one recording. Received: {len(sources)} sources; import them one by one")
    for source in sources:
        if not os.path.exists(source):  # before the first of them takes minutes
            raise LidarliveError(f"{source} does not exist; `lidarlive import` takes .r3d files and folders")
    with ExitStack() as before:
        before.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler))
        try:
            writers = [_import(source, dataset, options) for source in sources]
        except KeyboardInterrupt:
            told = f"Interrupted. What was imported until then, if anything, is in {dataset}, marked incomplete"
            print(f"lidarlive: {told}", file=sys.stderr)
            raise
    return 3 if any(writer.lost for writer in writers) else 0


def import_options(depth_scale: float | None, intrinsics: str | None, name: str | None) -> ImportOptions:
    """What was typed, checked. Raises LidarliveError."""
    return ImportOptions(depth_scale, None if intrinsics is None else _intrinsics(intrinsics), name)


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
