"""`lidarlive export` as a person calls it: what it prints, its exit status, and how it ends when stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.export import ExportCommand, run
from capture.errors import LidarliveError
from tests.support.paths import ROOT
from tests.support.programs import lidarlive
from tests.support.walks import encoded_walk, write_encoded

INTERRUPTED_AT_ONCE = """
import os, signal, sys
from pathlib import Path
from app.cli import export
from capture.formats.exporting import export_path

signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background, it is ignored
path, out, format, number = sys.argv[1:]
export.export_path = lambda path, out, options, *callbacks: export_path(
    path, out, options, lambda done, total: os.kill(os.getpid(), int(number))
)
sys.exit(export.run(export.ExportCommand(Path(path), Path(out), format)))
"""


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    return write_encoded(tmp_path / "in", "walk", encoded_walk(8))


def test_the_command(walk: Path, tmp_path: Path):
    done = lidarlive("export", walk, tmp_path / "walk.r3d", "--format", "r3d")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / 'walk.r3d'}: 8 frames\n", "")
    with pytest.raises(LidarliveError, match=r"walk.r3d exists already. Choose a new name$"):
        run(ExportCommand(walk, tmp_path / "walk.r3d", format="r3d"))


def test_damage_is_named_and_counted(walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Five faults by name, then a summary of the whole, however many faults there were."""
    for i in range(7):
        (walk / "rgb" / f"{i:06d}.jpg").unlink()
    assert run(ExportCommand(walk, tmp_path / "out", format="tum")) == 3
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'out'}: 1 frame, 7 damaged ones left out\n"
    assert [f"{i:06d}.jpg: cannot be read" in line for i, line in enumerate(err.splitlines())] == [True] * 5


def test_a_remark_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    frames = encoded_walk(2)
    path = write_encoded(tmp_path / "in", "walk", [frames[1], frames[0]])
    assert run(ExportCommand(path, tmp_path / "out", format="tum")) == 0
    assert capsys.readouterr().err == (
        f"lidarlive: {path}: 1 of 2 frames was not later than the previous one and was moved after it\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("format", ["r3d", "folders"])
def test_a_signal_ends_it_in_one_line_and_leaves_nothing(number: signal.Signals, format: str, walk: Path):
    out = walk.parents[1] / "out"
    words = [str(walk), str(out), format, str(int(number))]
    program = [sys.executable, "-c", INTERRUPTED_AT_ONCE, *words]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, f"lidarlive: stopped; nothing was written to {out}\n")
    assert [child.name for child in out.parent.iterdir()] == ["in"]
