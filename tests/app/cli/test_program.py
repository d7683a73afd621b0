"""The program as a whole: version, help, what a command imports, and what it leaves behind in the process."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.bench.commands import BENCHES
from app.cli.commands import COMMANDS
from app.cli.framework.command import Command, CommandGroup, Entry
from tests.app.cli.conftest import Call
from tests.support.frames import make_frame, write_recording
from tests.support.paths import ROOT


def full_names(*entries: Entry) -> list[tuple[list[str], Command]]:
    """Each command with the words that call it."""
    found = []
    for entry in entries:
        if isinstance(entry, CommandGroup):
            found += [([entry.name, *words], command) for words, command in full_names(*entry.commands)]
        else:
            found.append(([entry.name], entry))
    return found


ALL = full_names(*COMMANDS, BENCHES)
EXAMPLES = [line for _, each in ALL for line in each.examples()]
IMPORT_ALL = f"import importlib; [importlib.import_module(name) for name in {[each.module for _, each in ALL]}]"


def test_the_version(call: Call) -> None:
    done = call("--version")
    assert (done.returncode, done.stdout) == (0, f"lidarlive {importlib.metadata.version('lidarlive')}\n")


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_command_has_help(words: list[str], command: Command, call: Call) -> None:
    done = call(*words, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    summary = (command.options_class().__doc__ or "").split()
    assert summary
    assert " ".join(summary[:4]) in " ".join(done.stdout.split())


@pytest.mark.parametrize("words", [["weights"], ["bench"]])
def test_a_group_without_a_command_shows_its_help(words: list[str], call: Call) -> None:
    done = call(*words)
    assert "Commands" in done.stdout + done.stderr


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_is_understood(line: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(Command, "run", lambda command, options: called.append(options) or 0)
    program, *words = shlex.split(line, comments=True)
    assert program == "lidarlive"
    assert call(*words).returncode == 0
    assert len(called) == 1


def test_the_list_of_commands_imports_no_library_of_theirs() -> None:
    heavy = ("PyQt5", "tensorflow", "keras", "openvino", "cv2", "numpy")
    assert imported("from app.main import main; sys.argv = ['lidarlive', '--help']; main()", heavy) == ""


def test_only_view_imports_qt_and_only_when_it_runs() -> None:
    assert imported(IMPORT_ALL, ("PyQt5",)) == ""
    assert imported("import app.cli.predict, app.cli.commands", ("PyQt5",)) == ""


def test_no_command_imports_tensorflow() -> None:
    assert imported(IMPORT_ALL, ("tensorflow", "keras")) == ""


def imported(code: str, names: tuple[str, ...]) -> str:
    """Which of these packages `code` imports, in a process of its own."""
    program = f"""
import contextlib, io, sys
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    exec({code!r})
print(*sorted(set({names!r}) & {{name.partition(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.usefixtures("record3d_package")
def test_a_command_leaves_signals_and_environment_as_they_were(tmp_path: Path, numbered: Path, call: Call) -> None:
    write_recording(tmp_path / "set", "walk", [make_frame(i) for i in range(3)])
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)], dict(os.environ)
    for words in (
        ["record", tmp_path / "out", "--source", numbered, "--frames", 2],
        ["export", tmp_path / "set", tmp_path / "tum", "--format", "tum"],
        ["import", next((tmp_path / "tum").glob("*"), tmp_path), tmp_path / "again"],
        ["emulate", tmp_path / "nowhere"],
        ["check", tmp_path / "set"],
    ):
        call(*words)
        now = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)], dict(os.environ)
        assert {**now[1], "PYTEST_CURRENT_TEST": ""} == {**before[1], "PYTEST_CURRENT_TEST": ""}, words
        assert now[0] == before[0], words
