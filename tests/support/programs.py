"""Programs of the project, run as a person would run them."""

from __future__ import annotations

import os
import subprocess
import sys

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
