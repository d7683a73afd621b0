"""What libraries print is logged and does not reach the terminal; what Python prints does."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from capture.library_output import KEPT_LINES, MAX_READ_BYTES, PrintedLines
from tests.support.paths import ROOT

PROGRAM = """
import logging, os, subprocess, sys
logging.basicConfig(filename=sys.argv[1], level=logging.INFO, format="%(name)s %(message)s")
from capture.library_output import library_output_logged
with library_output_logged():
    os.write(2, b"Corrupt JPEG data: premature end of data segment\\n")
    print("by Python", file=sys.stderr)
    subprocess.run([sys.executable, "-c", "raise SystemExit('by a child')"])
    print("on standard output")
print("after it", file=sys.stderr)
os.write(2, b"after it, too\\n")
"""


def test_lines_of_libraries_and_children_are_in_the_log(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "log"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "by Python\nafter it\nafter it, too\n"
    assert done.stdout == "on standard output\n"
    assert (tmp_path / "log").read_text().splitlines() == [
        "lidarlive.capture library: Corrupt JPEG data: premature end of data segment",
        "lidarlive.capture library: by a child",
    ]


def test_without_standard_error_nothing_is_replaced() -> None:
    program = "import sys; sys.stderr = None\n" + PROGRAM.split("\n", 3)[3].split("with ")[0]
    program += "with library_output_logged():\n    print('fine')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "fine\n")


def test_what_is_kept_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lidarlive.capture")
    lines = PrintedLines(tmp_path / "printed", "child")
    lines.read()
    assert lines.last_line() == "", "nothing was printed yet"
    (tmp_path / "printed").write_bytes(b"\xff first\n\n  last of them  \n")
    lines.read()
    assert lines.last_line() == "last of them"
    assert caplog.messages == ["child: � first", "child:   last of them"]
    (tmp_path / "printed").write_text("again\n" * MAX_READ_BYTES)
    lines.read()
    assert (tmp_path / "printed").stat().st_size == 0
    assert len(caplog.messages) < MAX_READ_BYTES / 5
    assert len(lines._last) == KEPT_LINES
