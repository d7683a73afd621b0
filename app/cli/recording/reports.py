"""Report a recording: on a terminal as one line that changes, or as JSON events."""

from __future__ import annotations

import json
import sys
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from capture.recorder.status import RecordingStatus
from capture.sources.arrivals import Diagnosis
from capture.wording import counted


class Report(Protocol):
    """Receiver of the events of a recording, from any thread.

    event      started, progress, waiting (nothing arrives), saving, done, or failed (nothing was recorded)
    detail     of the source, in one line
    diagnosis  why nothing arrives, if a phone is connected
    """

    def __call__(
        self, event: str, status: RecordingStatus, detail: str = "", diagnosis: Diagnosis | None = None
    ) -> None: ...


def print_event(event: str, status: RecordingStatus, detail: str = "", diagnosis: Diagnosis | None = None) -> None:
    """Print a JSON object on a line of standard output."""
    document: dict[str, object] = {
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
    if event == "done":
        document["parts"] = [{"path": str(part.path), "written": part.written} for part in status.parts]
    if event in ("waiting", "failed"):
        document["problem"] = diagnosis.problem.name.lower() if diagnosis is not None else None
        document["found"] = diagnosis.found if diagnosis is not None else detail
        document["fix"] = diagnosis.fix if diagnosis is not None else ""
    sys.stdout.write(json.dumps(document) + "\n")  # at once: two threads report
    sys.stdout.flush()


class TerminalReport:
    """Report on a terminal: `live` shows the newest event; what a person should read stays as a line.

    A problem is a line on standard error once, when it begins; while it lasts, `live` shows its counts.
    """

    def __init__(self, console: Console, live: Live) -> None:
        self._console, self._live = console, live
        self._problem = ""

    def __call__(
        self, event: str, status: RecordingStatus, detail: str = "", diagnosis: Diagnosis | None = None
    ) -> None:
        match event:
            case "waiting":
                self._show_waiting(status, detail, diagnosis)
            case "done":
                print(f"{named_parts(status)}: {counts(status)}")
                if status.remark:
                    print(f"lidarlive: {status.remark}", file=sys.stderr)
            case "saving":
                self._live.update(Text(f"saving {status.saving or 0:.0%}  {counts(status)}"))
            case "started" | "progress":
                self._problem = ""
                self._live.update(Text(f"recording  {counts(status)}  {status.remark or detail}"))

    def _show_waiting(self, status: RecordingStatus, detail: str, diagnosis: Diagnosis | None) -> None:
        problem = diagnosis.title if diagnosis is not None else detail
        if problem != self._problem:
            self._problem = problem
            self._print(f"lidarlive: {diagnosis or detail}")
        found = diagnosis.found if diagnosis is not None else detail
        self._live.update(Text(f"waiting  {counts(status)}  {found}"))

    def _print(self, line: str) -> None:
        if self._console.is_terminal:
            self._console.print(Text(line), soft_wrap=True)  # above the line that changes
        else:
            print(line, file=sys.stderr, flush=True)


def counts(status: RecordingStatus) -> str:
    """Return time, frames and losses in one line."""
    lost = ", ".join(f"{count} {cause}" for cause, count in status.lost.items()) or "none"
    left_out = "" if status.choice.is_all else f"{status.left_out} left out by choice, "
    line = f"{status.seconds:.1f} s, {counted(status.written, 'frame')}, {left_out}lost: {lost}"
    if status.possibly_lost:
        line += f", possibly lost before USB: {status.possibly_lost}"
    return line


def named_parts(status: RecordingStatus) -> str:
    """Return the path of the recording; of several, all with their frames."""
    if len(status.parts) < 2:
        return str(status.path)
    return ", ".join(f"{part.path} ({counted(part.written, 'frame')})" for part in status.parts)
