"""A dataclass and a `run` are a command: what its options become, and when its module is imported."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from app.cli.framework.command import Command, CommandGroup
from app.cli.framework.program import program
from app.cli.framework.reference import reference
from app.cli.framework.signals import signal_handlers, sigterm_interrupts

MODULE = '''
from __future__ import annotations
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
import typer

@dataclass(frozen=True)
class GreetCommand:
    """Greet people.

    Politely.
    """
    people: Annotated[list[str], typer.Argument(help="who")]
    language: Annotated[str, typer.Option(help="in which")]
    gift: Annotated[list[Path], typer.Option(metavar="A|B", help="bring it")] = field(default_factory=list)
    times: Annotated[int, typer.Option(min=1, help="how often")] = 2
    loud: Annotated[bool, typer.Option("--loud/--quiet", help="shout")] = True

def run(options: GreetCommand) -> int:
    print(options)
    return 7
'''
GREET = Command("greet", "greeting", "Greet.")
ENTRIES = (GREET, CommandGroup("more", "More.", (Command("again", "greeting", "Greet again."),)))


@pytest.fixture
def greeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greeting.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "greeting", raising=False)


def status(*words: str) -> int:
    with pytest.raises(SystemExit) as raised:
        program(ENTRIES, GREET).main(list(words), prog_name="test")
    code = raised.value.code
    assert isinstance(code, int)
    return code


@pytest.mark.usefixtures("greeting")
def test_options_reach_run_and_its_status_is_returned(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("greet", "Ann", "Bob", "--language", "en") == 7
    assert capsys.readouterr().out == (
        "GreetCommand(people=['Ann', 'Bob'], language='en', gift=[], times=2, loud=True)\n"
    )
    assert status("more", "again", "Ann", "--language", "en", "--gift", "a", "--gift", "b", "--quiet") == 7
    assert "gift=[PosixPath('a'), PosixPath('b')], times=2, loud=False" in capsys.readouterr().out
    assert status("greet", "Ann") == 2, "an option without a default is required"
    assert status("greet", "Ann", "--language", "en", "--times", "0") == 2


@pytest.mark.usefixtures("greeting")
def test_a_module_is_imported_when_its_command_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--help") == 0
    assert status("more", "--help") == 0
    listed = capsys.readouterr().out
    assert "Greet again." in listed
    assert "greeting" not in sys.modules
    assert status("greet", "--help") == 0
    assert "Politely." in capsys.readouterr().out
    assert "greeting" in sys.modules
    sys.modules.pop("greeting")


@pytest.mark.usefixtures("greeting")
def test_the_reference_lists_every_option_once() -> None:
    text = reference("test", "About.", ENTRIES)
    for line in (
        "| [`test more again`](#test-more-again) | Greet again. |",
        "test greet PEOPLE... --language TEXT [OPTIONS]",
        "| `PEOPLE...` | required | who |",
        "| `--language TEXT` | required | in which |",
        "| `--gift A\\|B` |  | bring it |",
        "| `--times N` | `2` | how often |",
        "| `--loud/--quiet` |  | shout |",
    ):
        assert line in text.splitlines(), line
    assert text.count("Politely.") == 2
    assert "\x1b" not in text


def test_signal_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    received: list[int] = []
    with signal_handlers(lambda number, _: received.append(number), signal.SIGTERM):
        signal.raise_signal(signal.SIGTERM)
    assert received == [signal.SIGTERM]
    with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
