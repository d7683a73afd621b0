"""Where the program keeps its files.

    $LIDARLIVE_HOME (default ~/lidarlive)/    recordings/ weights/ snapshots/ bench-model/ lidarlive.log
    $LIDARLIVE_CACHE (default: the platform's own place)/    what can be rendered again

Nothing here creates a folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "LIDARLIVE_HOME"
CACHE_VARIABLE = "LIDARLIVE_CACHE"


def home() -> Path:
    """$LIDARLIVE_HOME, else ~/lidarlive."""
    return chosen_home() or Path.home() / "lidarlive"


def chosen_home() -> Path | None:
    """$LIDARLIVE_HOME; None where it is not set."""
    value = os.environ.get(HOME_VARIABLE)
    return Path(value) if value else None


def recordings_folder() -> Path:
    """The data set of the window's recordings."""
    return home() / "recordings"


def weights_folder() -> Path:
    """The weights versions trained on this computer."""
    return home() / "weights"


def snapshots_folder() -> Path:
    """The window's snapshots, a folder each."""
    return home() / "snapshots"


def log_path() -> Path:
    """Tracebacks of unexpected errors."""
    return home() / "lidarlive.log"


def cache_folder() -> Path:
    """$LIDARLIVE_CACHE, else the user's cache folder: rendered rooms, which can be rendered again."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("lidarlive"))
