"""Disks that are nearly full."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def leave_free(disk: Path, free: int) -> Path:
    """Fill the disk but for so many bytes; returns what it was filled with."""
    ballast = disk / "ballast"
    with open(ballast, "ab") as file:
        os.posix_fallocate(file.fileno(), 0, ballast.stat().st_size + shutil.disk_usage(disk).free - free)
    return ballast
