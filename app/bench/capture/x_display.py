"""The display of a measured window: a virtual X display, or Qt's off-screen platform."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SCREEN = "1920x1080x24"


@dataclass(frozen=True)
class Display:
    """`environment` is for a Qt program that opens its windows there; `pid` is that of the X server."""

    environment: dict[str, str]
    pid: int | None = None


def display_name() -> str:
    """Describe the display of this computer, for the report."""
    if shutil.which("Xvfb"):
        return f"Xvfb {SCREEN}"
    return "Qt offscreen: nothing is sent to a display (install Xvfb to measure with a real one)"


@contextmanager
def display() -> Iterator[Display]:
    """Start an X server that ends with its last client, or use Qt's off-screen platform without Xvfb."""
    if not shutil.which("Xvfb"):
        yield Display({**os.environ, "QT_QPA_PLATFORM": "offscreen"})
        return
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-terminate"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            number = server.stdout.readline().strip()
            yield Display({**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}, server.pid)
        finally:
            server.terminate()
