"""Paths of the program's files.

    $LIDARLIVE_HOME (default ~/lidarlive)/    recordings/ weights/ snapshots/ bench-model/ lidarlive.log
    $LIDARLIVE_CACHE (default: the platform's cache folder)/    rendered rooms, which can be rendered again

Nothing here creates a folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "LIDARLIVE_HOME"
CACHE_VARIABLE = "LIDARLIVE_CACHE"


def home() -> Path:
    """Return $LIDARLIVE_HOME, else ~/lidarlive."""
    return chosen_home() or Path.home() / "lidarlive"


def chosen_home() -> Path | None:
    """Return $LIDARLIVE_HOME; None if it is not set."""
    value = os.environ.get(HOME_VARIABLE)
    return Path(value) if value else None


def recordings_folder() -> Path:
    """Return the data set of the window's recordings."""
    return home() / "recordings"


def weights_folder() -> Path:
    """Return the folder of the weights versions trained on this computer."""
    return home() / "weights"


def snapshots_folder() -> Path:
    """Return the folder of the window's snapshots, a sub-folder each."""
    return home() / "snapshots"


def log_path() -> Path:
    """Return the log file for tracebacks of unexpected errors."""
    return home() / "lidarlive.log"


def cache_folder() -> Path:
    """Return $LIDARLIVE_CACHE, else the user's cache folder."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("lidarlive"))
