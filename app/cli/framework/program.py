"""The program `lidarlive`: its commands, --version and --help-all."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.core import TyperGroup

from app.cli.framework.command import Command, Entry, add_entries, unwrap
from app.cli.framework.reference import reference

NAME = "lidarlive"
HELP = """Record RGB and LiDAR depth from an iPhone, watch a network predict the depth, and retrain it.

Without a command it opens the live window. Exit status: 0 done; 1 failed, with one line on standard error; 2 wrong
usage; 3 done, but frames were lost, damaged or repaired; 130 interrupted.
"""


def program(entries: Sequence[Entry], default: Command) -> TyperGroup:
    """Build the program from its commands; without arguments it runs `default`."""
    app = typer.Typer(help=unwrap(HELP), add_completion=False, pretty_exceptions_enable=False)

    @app.callback(invoke_without_command=True)
    def start(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="print the version and exit")] = False,
        help_all: Annotated[
            bool, typer.Option("--help-all", help="print the help of all commands as Markdown and exit")
        ] = False,
    ) -> None:
        if version:
            print(f"{NAME} {importlib.metadata.version(NAME)}")
            raise typer.Exit
        if help_all:
            print(reference(NAME, HELP.strip(), entries), end="")
            raise typer.Exit
        if context.invoked_subcommand is None:
            raise typer.Exit(default.run(default.options_class()()))

    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    add_entries(group, entries)
    return group
