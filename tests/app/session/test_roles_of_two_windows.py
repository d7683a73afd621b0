"""Two windows mark recordings at the same time: neither loses a mark of the other."""

from __future__ import annotations

from pathlib import Path

from app.session.training_roles import TRAIN, read_roles
from tests.support.programs import run_together

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
    ends = run_together(WINDOW, [(tmp_path, name, MARKS) for name in names])
    assert [errors for _, errors in ends] == [""] * len(names)
    kept = {f"{name}-{i}" for name in names for i in range(0, MARKS, 3)}
    renamed = {f"{name}-{i}-renamed" for name in names for i in range(2, MARKS, 3)}
    assert read_roles(tmp_path) == dict.fromkeys(kept | renamed, TRAIN)
    assert [file.name for file in tmp_path.iterdir()] == ["roles.json"]
