"""Qt's own messages are logged and do not reach the terminal, unless the program ends by them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PROGRAM = """
import logging, sys
logging.basicConfig(filename=sys.argv[1], level=logging.INFO, format="%(name)s %(message)s")
from app.window.application import application, log_qt_messages
log_qt_messages()
qt = application()
from PyQt5.QtCore import qWarning
qWarning("a warning of Qt")
"""


def run(log: Path, platform: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": platform}
    environment.pop("XDG_RUNTIME_DIR", None)  # Qt warns of that
    command = [sys.executable, "-c", PROGRAM, log]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_warnings_are_in_the_log(tmp_path: Path) -> None:
    done = run(tmp_path / "log", "offscreen")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "lidarlive.qt a warning of Qt" in (tmp_path / "log").read_text().splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no choice of platforms")
def test_what_ends_the_program_is_shown(tmp_path: Path) -> None:
    done = run(tmp_path / "log", "nonsense")
    assert done.returncode != 0
    assert "no Qt platform plugin could be initialized" in done.stderr
