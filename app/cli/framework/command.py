"""Commands as frozen dataclasses. A module is imported when its command is called, so that `--help` stays fast.

The module of a command holds the dataclass, whose fields are typer-annotated and whose docstring is the help text, and
`run(options) -> int`, which returns the exit status. A module may have EXAMPLES: command lines, for help and reference.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Command:
    """A command by its module; `summary` is its line in the list of commands."""

    name: str
    module: str
    summary: str

    def options_class(self) -> type[Any]:
        """Import the module and return its dataclass: the one that `run` takes."""
        return _options_class(importlib.import_module(self.module))

    def examples(self) -> tuple[str, ...]:
        """Import the module and return its EXAMPLES."""
        examples: tuple[str, ...] = getattr(importlib.import_module(self.module), "EXAMPLES", ())
        return examples

    def run(self, options: object) -> int:
        """Return the exit status. Raises LidarliveError."""
        status: int = importlib.import_module(self.module).run(options)
        return status


@dataclass(frozen=True)
class CommandGroup:
    """Commands under one name, as in `lidarlive weights list`."""

    name: str
    summary: str
    commands: tuple[Command, ...]


Entry = Command | CommandGroup


def add_entries(group: TyperGroup, entries: Sequence[Entry]) -> TyperGroup:
    """Register commands and groups of commands; imports none of their modules."""
    for entry in entries:
        if isinstance(entry, Command):
            group.add_command(_LazyCommand(entry), entry.name)
        else:
            members = TyperGroup(name=entry.name, help=entry.summary, no_args_is_help=True)
            group.add_command(add_entries(members, entry.commands), entry.name)
    return group


class _LazyCommand(TyperCommand):
    """Placeholder in the list of commands that builds the real command when it is called."""

    def __init__(self, command: Command) -> None:
        super().__init__(command.name, short_help=command.summary)
        self._command = command

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - typer's own types are private
        return _typer_command(self._command).make_context(*args, **kwargs)


def _typer_command(command: Command) -> TyperCommand:
    options_class = command.options_class()

    def call(**values: object) -> None:
        given = {name: value for name, value in values.items() if value is not None}  # typer: None for no list
        raise typer.Exit(command.run(options_class(**given)))

    parameters = _parameters(options_class)
    call.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]
    call.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    epilog = "\n\n".join(("Examples:", *command.examples())) if command.examples() else None
    single.command(command.name, help=unwrap(inspect.getdoc(options_class) or ""), epilog=epilog)(call)
    built = typer.main.get_command(single)
    assert isinstance(built, TyperCommand)
    return built


def unwrap(text: str) -> str:
    """Join the lines of each paragraph: a terminal breaks them by its own width."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _parameters(options_class: type[Any]) -> Mapping[str, inspect.Parameter]:
    """The fields of the dataclass as keyword parameters, in order."""
    annotations = get_type_hints(options_class, include_extras=True)
    return {
        field.name: inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(field),
            annotation=annotations[field.name],
        )
        for field in dataclasses.fields(options_class)
    }


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return None
    return inspect.Parameter.empty


def _options_class(module: ModuleType) -> type[Any]:
    run: Callable[[Any], int] = module.run
    options: type[Any] = get_type_hints(run)["options"]
    return options
