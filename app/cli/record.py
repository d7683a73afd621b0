"""`lidarlive record`: a source to disk, without a window."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.live import Live

from capture import thread_priority
from capture.errors import LidarliveError
from capture.frame_filter import MAX_MOVED_M, FrameFilter
from capture.recorder.recorder import Recorder
from capture.recorder.status import RecordingStatus
from capture.sources.base import Source
from capture.sources.opening import open_source
from capture.storage.names import recording_note

PROGRESS_INTERVAL_S = 0.5
SILENT_SAVING_S = 1.0  # saving takes a tenth of this on a disk that keeps up: no line for that

Report = Callable[[str, RecordingStatus, str], None]  # event, status, what the source says


def record(
    dataset: Path,
    spec: str,
    driver: str | None,
    name: str,
    seconds: float | None,
    frames: int | None,
    choice: FrameFilter,
    note: str,
    as_json: bool,
) -> int:
    """Record until the source ends, `seconds` have passed, `frames` are written or the person interrupts.

    Returns the exit status: 0, or 3 where frames were lost. Raises LidarliveError.
    """
    # The demo goes round until it is stopped; a file is recorded once.
    source = open_source(spec, driver=driver, loop=spec in ("auto", "demo"), wait=False)
    _close_on_signal(source)
    thread_priority.settle_process()
    recorder = Recorder(dataset, name, source, max_frames=frames, choice=choice, note=note)
    if as_json:
        return _record(source, recorder, seconds, _print_event)
    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:
        return _record(source, recorder, seconds, lambda *about: _show(live, *about))


def choice_and_note(every: int, moved_cm: float | None, note: str) -> tuple[FrameFilter, str]:
    """What the command line asks for. Raises LidarliveError where it is out of range."""
    most_cm = MAX_MOVED_M * 100
    if moved_cm is not None and not 0 < moved_cm <= most_cm:
        raise LidarliveError(f"--moved must be above 0 and at most {most_cm:g} cm. Received: {moved_cm:g}")
    try:
        return FrameFilter(every, None if moved_cm is None else moved_cm / 100), recording_note(note)
    except ValueError as error:
        raise LidarliveError(str(error)) from None


def _record(source: Source, recorder: Recorder, seconds: float | None, report: Report) -> int:
    try:
        with source:
            _feed(source, recorder, seconds, report)
    finally:
        recorder.stop()
        _wait_saved(recorder, report)
    status = recorder.status()
    if status.error:
        raise LidarliveError(status.error)
    if not status.written:
        raise LidarliveError(f"nothing was recorded: {source.state.detail or 'no frame came'}")
    report("done", status, "")
    return 3 if status.lost else 0


def _feed(source: Source, recorder: Recorder, seconds: float | None, report: Report) -> None:
    begun, reported_s = False, -math.inf
    for frame in source:
        if not begun:
            begun = True
            if seconds is not None:
                _close_after(source, seconds)
            report("started", recorder.status(), source.label)
        recorder.offer(frame)
        if time.monotonic() - reported_s > PROGRESS_INTERVAL_S:
            reported_s = time.monotonic()
            report("progress", recorder.status(), source.state.detail)
        if recorder.full:
            break


def _wait_saved(recorder: Recorder, report: Report) -> None:
    """Until everything is on the disk, telling how far it is where that takes longer than a moment."""
    wait_s = SILENT_SAVING_S
    while not recorder.join(wait_s):
        report("saving", recorder.status(), "")
        wait_s = PROGRESS_INTERVAL_S


def _close_after(source: Source, seconds: float) -> None:
    """A timer, not a look at the clock after each frame: a phone that falls silent sends none."""
    timer = threading.Timer(seconds, source.close)
    timer.daemon = True
    timer.start()


def _close_on_signal(source: Source) -> None:
    def close(number: int, frame: FrameType | None) -> None:
        source.close()

    signal.signal(signal.SIGINT, close)
    signal.signal(signal.SIGTERM, close)


def _print_event(event: str, status: RecordingStatus, detail: str) -> None:
    document = {
        "event": event,
        "path": str(status.path) if status.path is not None else None,
        "written": status.written,
        "left_out": status.left_out,
        "lost": status.lost,
        "possibly_lost": status.possibly_lost,
        "seconds": round(status.seconds, 3),
    }
    if status.remark:
        document["remark"] = status.remark
    if event == "saving":
        document["saving"] = status.saving
    print(json.dumps(document), flush=True)


def _show(live: Live, event: str, status: RecordingStatus, detail: str) -> None:
    lost = ", ".join(f"{count} {cause}" for cause, count in status.lost.items()) or "none"
    left_out = "" if status.choice.is_all else f"{status.left_out} left out by choice, "
    line = f"{status.seconds:.1f} s, {status.written} frames, {left_out}lost: {lost}"
    if status.possibly_lost:
        line += f", possibly lost before USB: {status.possibly_lost}"
    if event == "done":
        print(f"{status.path}: {line}")
        if status.remark:
            print(f"lidarlive: {status.remark}", file=sys.stderr)
    elif status.saving is not None:
        live.update(f"saving {status.saving:.0%}  {line}")
    else:
        live.update(f"recording  {line}  {status.remark or detail}")
