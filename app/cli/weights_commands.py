"""`lidarlive weights`: the versions of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DataArgument, JsonOption

weights_app = typer.Typer(
    help="Versions of the network: list them, choose one, go back, compare two, export one.", no_args_is_help=True
)


@weights_app.command("list")
def weights_list(json: JsonOption = False) -> None:
    """The versions, and which one is in use."""
    from app.cli.weights.list import list_versions

    raise typer.Exit(list_versions(json))


@weights_app.command("use")
def weights_use(version: Annotated[str, typer.Argument(help="a version's name, or `starter`")]) -> None:
    """Use this version from now on."""
    from app.cli.weights.list import use

    raise typer.Exit(use(version))


@weights_app.command("rollback")
def weights_rollback() -> None:
    """Go back to the version that was in use before."""
    from app.cli.weights.list import rollback

    raise typer.Exit(rollback())


@weights_app.command("compare")
def weights_compare(
    champion: Annotated[str, typer.Argument(metavar="A", help="the version to beat: its name or folder")],
    challenger: Annotated[str, typer.Argument(metavar="B", help="the version that may be better")],
    data: DataArgument,
    rooms: Annotated[
        bool, typer.Option("--rooms/--no-rooms", help="also on rendered rooms, to see what was forgotten")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Is B better than A? Every measure on the same recordings, by distance, and how much of it may be chance."""
    from app.cli.weights.compare import compare_versions

    raise typer.Exit(compare_versions(champion, challenger, data, rooms, json))


@weights_app.command("export")
def weights_export(
    version: Annotated[str, typer.Argument(metavar="V", help="a version's name or folder")],
    out: Annotated[Path, typer.Argument(help="a folder that does not exist yet")],
    format: Annotated[str, typer.Option(help="openvino, tf (a SavedModel) or litert (a .tflite file)")],
    json: JsonOption = False,
) -> None:
    """Write a version in a form that other programs run, compared with Keras before it is there."""
    from app.cli.weights.list import export

    raise typer.Exit(export(version, out, format, json))
