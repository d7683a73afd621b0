"""`lidarlive devices`: what stands between this computer and a phone's first frame, with the way out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from capture.doctor.steps import LOOK_STEPS, STREAM_STEPS, Step, examine
from capture.errors import LidarliveError

WIRE_SUFFIX = ".wire"  # what `lidarlive emulate` knows a file of raw bytes by
NAME_WIDTH = max(map(len, LOOK_STEPS + STREAM_STEPS))
MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "·"}
ASCII_MARKS = {"ok": "+", "warning": "!", "failed": "x", "skipped": "-"}
STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


def devices(as_json: bool, serial: str | None, save_wire: Path | None) -> int:
    """Examine the connection and say what was found; `save_wire` keeps the stream's bytes as they were received.

    Returns 0 where frames come. Raises LidarliveError with the failed step's fix where they do not, and where
    `save_wire` cannot be written.
    """
    if save_wire is None:
        steps, kept_bytes = _examined(as_json, serial, None), 0
    else:
        with _new_file(save_wire) as wire:
            steps = _examined(as_json, serial, wire)
            kept_bytes = wire.tell()
    play = f"lidarlive emulate {shlex.quote(str(save_wire))}{_fps_option(steps)}"
    failed = next((step for step in steps if step.state == "failed"), None)
    if as_json:
        kept = {"path": str(save_wire), "bytes": kept_bytes, "play": play} if kept_bytes else None
        print(json.dumps({"ok": failed is None, "steps": [asdict(step) for step in steps], "wire": kept}))
    elif kept_bytes:
        print(f"{kept_bytes} bytes of the stream are in {save_wire}; play them with: {play}")
    if failed is not None:
        raise LidarliveError(f"{failed.found}: {failed.fix}")
    return 0


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there before; gone again where nothing was written to it.

    Raises LidarliveError where there cannot be one.
    """
    if path.suffix != WIRE_SUFFIX:
        raise LidarliveError(
            f"--save-wire must end in {WIRE_SUFFIX}: `lidarlive emulate` goes by that. Received: {path}"
        )
    try:
        file = path.open("xb")
    except FileExistsError:
        raise LidarliveError(f"{path} exists: choose another name for --save-wire") from None
    except OSError as error:
        raise LidarliveError(f"{path} cannot be written ({error.strerror}): choose another place") from error
    try:
        with file:
            yield file
    finally:
        if path.stat().st_size == 0:
            path.unlink()


def _examined(as_json: bool, serial: str | None, wire: BinaryIO | None) -> list[Step]:
    steps = examine(serial=serial, wire=wire)
    return list(steps) if as_json else list(_shown(steps))


def _shown(steps: Iterator[Step]) -> Iterator[Step]:
    """Each step as it is found, a line with its mark, and below it what to do."""
    console = Console()
    marks = ASCII_MARKS if console.options.ascii_only else MARKS
    with console.status("looking"):  # the stream is listened to for seconds; shown on a terminal only
        for step in steps:
            line = Table.grid(padding=(0, 2))
            line.add_column(width=1)
            line.add_column(width=NAME_WIDTH)
            line.add_column()
            mark, style = marks[step.state], STYLES[step.state]
            line.add_row(Text(mark, style), Text(step.name, style), Text(step.found or "not looked at"))
            if step.fix:
                line.add_row("", "", Text(step.fix, "bold"))
            console.print(line)
            yield step


def _fps_option(steps: list[Step]) -> str:
    """A file of raw bytes does not say its rate."""
    measured = next((step.measured for step in steps if step.name == "rate"), {})
    return f" --fps {measured.get('usual') or round(measured['fps'])}" if measured.get("fps") else ""
