"""`lidarlive devices`: diagnose the connection to the phone step by step."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.options import JsonOption
from capture.doctor.steps import LOOK_STEPS, STREAM_STEPS, Step, examine
from capture.errors import LidarliveError

WIRE_SUFFIX = ".wire"  # by which `lidarlive emulate` recognises a file of raw bytes
NAME_WIDTH = max(map(len, LOOK_STEPS + STREAM_STEPS))
MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "·"}
ASCII_MARKS = {"ok": "+", "warning": "!", "failed": "x", "skipped": "-"}
STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


EXAMPLES = (
    "lidarlive devices",
    "lidarlive devices --save-wire phone.wire  # for somebody else to play with emulate",
)


@dataclass(frozen=True)
class DevicesCommand:
    """Diagnose the phone connection step by step and suggest fixes.

    It takes 10 s at most. Close the window first: the app on the phone serves one program at a time. The file of
    --save-wire contains pictures of your room.
    """

    serial: Annotated[
        str | None, typer.Option(help="serial number, if several phones are connected; default: the first one")
    ] = None
    save_wire: Annotated[
        Path | None,
        typer.Option(
            "--save-wire", metavar="FILE.wire", help="save 3 s of the phone's raw bytes, which emulate can play"
        ),
    ] = None
    json: JsonOption = False


def run(options: DevicesCommand) -> int:
    """Examine the connection and print each step. Returns 0 if frames arrive.

    Raises LidarliveError with the fix of the failed step if they do not, and if `save_wire` cannot be written.
    """
    if options.save_wire is None:
        steps, saved_bytes = _examined(options, None), 0
    else:
        with _new_file(options.save_wire) as wire:
            steps = _examined(options, wire)
            saved_bytes = wire.tell()
    play = f"lidarlive emulate {shlex.quote(str(options.save_wire))}{_fps_option(steps)}"
    failed = next((step for step in steps if step.state == "failed"), None)
    if options.json:
        saved = {"path": str(options.save_wire), "bytes": saved_bytes, "play": play} if saved_bytes else None
        print(json.dumps({"ok": failed is None, "steps": [asdict(step) for step in steps], "wire": saved}))
    elif saved_bytes:
        print(f"{saved_bytes} bytes of the stream are in {options.save_wire}; play them with: {play}")
    if failed is not None:
        raise LidarliveError(f"{failed.found}: {failed.fix}")
    return 0


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file, and delete it again if nothing was written to it.

    Raises LidarliveError if it exists, has another suffix or cannot be created.
    """
    if path.suffix != WIRE_SUFFIX:
        raise LidarliveError(
            f"--save-wire must end in {WIRE_SUFFIX}, by which `lidarlive emulate` recognises it. Received: {path}"
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


def _examined(options: DevicesCommand, wire: BinaryIO | None) -> list[Step]:
    steps = examine(serial=options.serial, wire=wire)
    return list(steps) if options.json else list(_printed(steps))


def _printed(steps: Iterator[Step]) -> Iterator[Step]:
    """Print each step as it completes: a line with its mark, and the fix below it."""
    console = Console()
    marks = ASCII_MARKS if console.options.ascii_only else MARKS
    with console.status("examining"):  # the stream is sampled for seconds; shown on a terminal only
        for step in steps:
            line = Table.grid(padding=(0, 2))
            line.add_column(width=1)
            line.add_column(width=NAME_WIDTH)
            line.add_column()
            mark, style = marks[step.state], STYLES[step.state]
            line.add_row(Text(mark, style), Text(step.name, style), Text(step.found or "not examined"))
            if step.fix:
                line.add_row("", "", Text(step.fix, "bold"))
            console.print(line)
            yield step


def _fps_option(steps: list[Step]) -> str:
    """Return the option that plays the file at the measured rate, which raw bytes do not contain."""
    measured = next((step.measured for step in steps if step.name == "rate"), {})
    return f" --fps {measured.get('usual') or round(measured['fps'])}" if measured.get("fps") else ""
