"""Two windows mark recordings at the same time: neither loses a mark of the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.session.training_roles import TRAIN, read_roles
from tests.support.paths import ROOT

MARKS = 60
WINDOW = """
import sys
from pathlib import Path
from app.session.training_roles import TRAIN, move_role, write_role
dataset, name, marks = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sys.stdin.readline()
for i in range(marks):
    write_role(dataset / f"{name}-{i}", TRAIN)
    if i % 3 == 1:
        write_role(dataset / f"{name}-{i}", "")
    if i % 3 == 2:
        move_role(dataset / f"{name}-{i}", dataset / f"{name}-{i}-renamed")
"""


def test_no_mark_is_lost(tmp_path: Path) -> None:
    names = ("one", "two", "three")
    windows = [
        subprocess.Popen(
            [sys.executable, "-c", WINDOW, str(tmp_path), name, str(MARKS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for window in windows:
        assert window.stdin is not None
        window.stdin.write("\n")
        window.stdin.flush()
    assert [window.communicate(timeout=200)[1] for window in windows] == [""] * len(names)
    kept = {f"{name}-{i}" for name in names for i in range(0, MARKS, 3)}
    renamed = {f"{name}-{i}-renamed" for name in names for i in range(2, MARKS, 3)}
    assert read_roles(tmp_path) == dict.fromkeys(kept | renamed, TRAIN)
    assert [file.name for file in tmp_path.iterdir()] == ["roles.json"]
