"""The options of the commands that open a source."""

from __future__ import annotations

from typing import Annotated

import typer

from capture.sources.drivers import DRIVERS
from capture.sources.opening import known_specs

SourceOption = Annotated[
    str, typer.Option("--source", help=f"{known_specs()}, or the path of a recording or .r3d file")
]
DriverOption = Annotated[
    str | None,
    typer.Option(help=f"what reads the stream of the phone: {' or '.join(DRIVERS)}; default: the first one installed"),
]
