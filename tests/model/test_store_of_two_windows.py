"""Two windows put versions in use at the same time: each step is remembered, and `rollback` returns to it."""

from __future__ import annotations

from pathlib import Path

from model import store
from tests.support.programs import run_together
from tests.support.weights import write_weights

STEPS = 8
WINDOW = """
import sys
from model import store
sys.stdin.readline()
for i in range(int(sys.argv[2])):
    store.use(f"{sys.argv[1]}-{i}")
"""


def test_each_step_is_remembered(own_home: Path) -> None:
    names = ("one", "two")
    for name in names:
        for i in range(STEPS):
            write_weights(own_home / "weights" / f"{name}-{i}")
    ends = run_together(WINDOW, [(name, STEPS) for name in names])
    assert [errors for _, errors in ends] == [""] * len(names)
    in_use, before = store._read_active()
    steps = [*before, in_use]
    for name in names:
        assert [step for step in steps if step.startswith(name)] == [f"{name}-{i}" for i in range(STEPS)]
    assert len(steps) == 2 * STEPS + 1, "and the starter before them"
    assert store.rollback().name == steps[-2]
    assert not [file.name for file in (own_home / "weights").iterdir() if file.name.startswith((".", "active.json."))]
