"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="print JSON on standard output, and nothing else there")]
DataArgument = Annotated[list[Path], typer.Argument(help="recordings, or folders of recordings")]
WeightsOption = Annotated[
    str | None, typer.Option("--weights", help="name or folder of a version; default: the active one")
]
VersionArgument = Annotated[str, typer.Argument(help="name or folder of a version")]


def one_of(names: Iterable[str]) -> str:
    """Join names for a help text, as in `tum, folders or ply`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
