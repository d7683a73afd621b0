"""The command line in the process of the test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from app.main import main

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `lidarlive WORDS...` by its entry point, without the start of an interpreter."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = ["lidarlive", *map(str, words)]
        monkeypatch.setattr(sys, "argv", command)
        capsys.readouterr()
        with pytest.raises(SystemExit) as raised:
            main()
        out, errors = capsys.readouterr()
        return subprocess.CompletedProcess(command, int(raised.value.code or 0), out, errors)

    return run
