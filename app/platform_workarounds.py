"""Workarounds for packages and platforms that get in each other's way, each with its reason."""

from __future__ import annotations

import os
from pathlib import Path


def remove_qt_plugins_of_opencv() -> None:
    """Let PyQt5 find its own plugins. Importing opencv-python points Qt at those in its wheel, and PyQt5 aborts."""
    for variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in Path(os.environ.get(variable, "")).parts:
            del os.environ[variable]
