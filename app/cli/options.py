"""Options and arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SourceOption = Annotated[
    str, typer.Option("--source", help="auto, usb, usb:SERIAL, demo, or the path of a recording or .r3d file")
]
DriverOption = Annotated[
    str | None, typer.Option(help="what reads the phone's stream: record3d (where it is installed) or native")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, nothing else there")]
DataArgument = Annotated[list[Path], typer.Argument(help="recordings, or folders of recordings")]
WeightsOption = Annotated[
    str | None, typer.Option("--weights", help="a version's name or folder; the active one if left out")
]
