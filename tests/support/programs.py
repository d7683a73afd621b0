"""Programs of the project, run as a person would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from tests.support.paths import ROOT


def lidarlive(*words: object, timeout: float = 100, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a person would, without a screen."""
    return subprocess.run(
        [sys.executable, "-m", "app", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_together(code: str, arguments: Sequence[Sequence[object]], timeout: float = 200) -> list[tuple[str, str]]:
    """Run `code` in a process for each of `arguments`, all released at once; returns what each has printed.

    The code waits for a line on its standard input where the others are to catch up.
    """
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        for words in arguments
    ]
    for process in processes:  # all have been started before the first begins
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate(timeout=timeout) for process in processes]
