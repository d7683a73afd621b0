"""`lidarlive record`: record a source to disk without a window."""

from __future__ import annotations

import math
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from app.cli.framework.signals import signal_handlers
from app.cli.options import JsonOption
from app.cli.recording.reports import Report, TerminalReport, print_event
from app.cli.recording.watch import SourceWatch
from app.cli.source_options import DriverOption, SourceOption
from app.platform_workarounds import settle_process
from capture.errors import LidarliveError
from capture.frame_filter import MAX_MOVED_M, FrameFilter
from capture.library_output import library_output_logged
from capture.recorder.recorder import Recorder
from capture.sources.base import Source
from capture.sources.opening import DEMO_WALKS, open_source
from capture.storage.names import recording_note

PROGRESS_INTERVAL_S = 0.5
SILENT_SAVING_S = 1.0  # no line for shorter saving; it takes a tenth of this on a disk that keeps up


EXAMPLES = (
    "lidarlive record data --name desk  # until Ctrl-C",
    "lidarlive record data --driver native  # the phone's own JPEG, at under half the CPU time",
    'lidarlive record data --every 5 --moved 2 --note "by day"  # one frame in five, after a move of 2 cm',
)


@dataclass(frozen=True)
class RecordCommand:
    """Record a source to disk until it ends or you press Ctrl-C. Exit status 3: done, but frames were lost.

    While nothing arrives, it reports why and what to do, and continues to wait. If no frame arrived until the end, the
    exit status is 1.

    Frames skipped by --every or --moved do not count as lost. Only the window can record frames by how poor their
    prediction is: this command predicts nothing.
    """

    out: Annotated[Path, typer.Argument(help="folder of the data set, in which the recording is created")]
    source: SourceOption = "auto"
    driver: DriverOption = None
    name: Annotated[str, typer.Option(help="name of the recording")] = "recording"
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="stop after this time, counted from when frames are due")
    ] = None
    frames: Annotated[int | None, typer.Option(min=1, help="stop after writing this many frames")] = None
    every: Annotated[int, typer.Option(metavar="N", help="record only every n-th frame")] = 1
    moved: Annotated[
        float | None,
        typer.Option(
            metavar="CM", help="record a frame only after the camera moved this far, or turned as many degrees"
        ),
    ] = None
    note: Annotated[str, typer.Option(help="a line of text to store with the recording")] = ""
    json: JsonOption = False


def run(options: RecordCommand) -> int:
    """Record until the source ends, a limit is reached or a signal arrives.

    Returns the exit status: 0, or 3 if frames were lost. Raises LidarliveError.
    """
    choice, note = _choice_and_note(options.every, options.moved, options.note)
    loop = options.source in ("auto", *DEMO_WALKS)  # the demo plays until it is stopped, a file is recorded once
    source = open_source(options.source, driver=options.driver, loop=loop, wait=False)
    settle_process()
    recorder = Recorder(options.out, options.name, source, max_frames=options.frames, choice=choice, note=note)
    with library_output_logged(), signal_handlers(lambda *_: source.close(), signal.SIGINT, signal.SIGTERM):
        if options.json:
            return _record(source, recorder, options.seconds, print_event)
        console = Console(stderr=True)
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            return _record(source, recorder, options.seconds, TerminalReport(console, live))


def _choice_and_note(every: int, moved_cm: float | None, note: str) -> tuple[FrameFilter, str]:
    """Validate the options. Raises LidarliveError if one is out of range."""
    most_cm = MAX_MOVED_M * 100
    if moved_cm is not None and not 0 < moved_cm <= most_cm:
        raise LidarliveError(f"--moved must be above 0 and at most {most_cm:g} cm. Received: {moved_cm:g}")
    try:
        return FrameFilter(every, None if moved_cm is None else moved_cm / 100), recording_note(note)
    except ValueError as error:
        raise LidarliveError(str(error)) from None


def _record(source: Source, recorder: Recorder, seconds: float | None, report: Report) -> int:
    try:
        with source, SourceWatch(source, recorder, seconds, report):
            has_frames = _feed(source, recorder, report)
    finally:
        recorder.stop()
        _wait_saved(recorder, report)
    status = recorder.status()
    if status.error:
        raise LidarliveError(status.error)
    if not status.written:
        diagnosis = None if has_frames else source.diagnosis(patience_s=0)
        detail = "no frame could be written" if has_frames else source.state.detail or "no frame arrived"
        report("failed", status, detail, diagnosis)
        raise LidarliveError(f"nothing was recorded: {diagnosis or detail}")
    report("done", status)
    return 3 if status.lost else 0


def _feed(source: Source, recorder: Recorder, report: Report) -> bool:
    """Record until there are no more frames, or enough. Return whether there was any."""
    started, reported_s = False, -math.inf
    for frame in source:
        if not started:
            started = True
            report("started", recorder.status(), source.label)
        recorder.offer(frame)
        if time.monotonic() - reported_s > PROGRESS_INTERVAL_S:
            reported_s = time.monotonic()
            report("progress", recorder.status(), source.state.detail)
        if recorder.full:
            break
    return started


def _wait_saved(recorder: Recorder, report: Report) -> None:
    """Wait until everything is on the disk, and report progress if that takes longer than a moment."""
    wait_s = SILENT_SAVING_S
    while not recorder.join(wait_s):
        report("saving", recorder.status(), "")
        wait_s = PROGRESS_INTERVAL_S
