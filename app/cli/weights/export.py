"""`lidarlive weights export`: convert a version of the network for other programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import JsonOption, VersionArgument
from app.progress import run_job
from model.events import Exported
from model.export.readme import FORMATS

EXAMPLES = ("lidarlive weights export starter out --format tf",)


@dataclass(frozen=True)
class WeightsExportCommand:
    """Convert a version for other programs, and compare its output with that of Keras.

    README.md in the new folder explains how to run it.
    """

    version: VersionArgument
    out: Annotated[Path, typer.Argument(help="folder to create, which must not exist")]
    format: Annotated[str, typer.Option(help=", ".join(f"{name}: {title}" for name, title in FORMATS.items()))]
    json: JsonOption = False


def run(options: WeightsExportCommand) -> int:
    """Convert in a child process, which imports TensorFlow. Raises LidarliveError with its error."""
    job = {"version": options.version, "out": str(options.out), "format": options.format}
    done = run_job("model.export.formats", json.dumps(job), Exported)
    if options.json:
        print(json.dumps(asdict(done)))
    else:
        difference = f"it differs from Keras by {done.difference:.1g} at most, relative"
        print(f"{options.out}: {done.version} as {options.format}; {difference}")
    return 0
