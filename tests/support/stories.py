"""User stories, played by a program of their own on a real X display."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence

from tests.support.paths import ROOT


def play(
    story: Callable[..., object],
    environment: dict[str, str],
    source: str = "demo",
    *,
    by: Sequence[str] = (),
    statuses: tuple[int, ...] = (0, 3),
) -> None:
    """Run `lidarlive view --source SOURCE` with a person who follows `story`, started by the command `by` if given.

    Status 3 is fine: on a busy computer the stand-in phone may drop a frame of what is recorded.
    """
    name = f"{story.__module__}:{story.__name__}"
    result = subprocess.run(
        [*by, sys.executable, "-m", "tests.support.driven", name, "view", "--source", source],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert result.returncode in statuses, result.stderr
    assert "Traceback" not in result.stderr
