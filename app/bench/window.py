"""`lidarlive bench window`: watch a 60 fps stream in the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from app.bench.capture.bench import bench_capture
from app.bench.capture.cases import WATCH_SHARE
from app.cli.options import JsonOption


@dataclass(frozen=True)
class BenchWindowCommand:
    """Watch a 60 fps stream in the window: repaints, pauses of its event loop, predictions, memory."""

    seconds: Annotated[float, typer.Option(min=1, help="time for each driver; 600 shows whether memory grows")] = 60
    json: JsonOption = False


def run(options: BenchWindowCommand) -> int:
    """Run the cases without recording. Raises LidarliveError."""
    return bench_capture(options.seconds / WATCH_SHARE, patterns=["watch-*"], as_json=options.json)
