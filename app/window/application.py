"""The Qt application: its look, its settings, and what happens to an exception that nobody caught."""

from __future__ import annotations

import os
from pathlib import Path

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication

from app.widgets.theme import FONT_POINTS, dark_palette

NAME = "lidarlive"


def application() -> QApplication:
    """The one QApplication, made if there is none yet, with this program's look."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else _new_application()
    app.setOrganizationName(NAME)
    app.setApplicationName(NAME)
    app.setStyle("Fusion")
    app.setPalette(dark_palette())
    font = app.font()
    font.setPointSizeF(max(font.pointSizeF(), FONT_POINTS))
    app.setFont(font)
    return app


def _new_application() -> QApplication:
    _forget_plugins_of_opencv()
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    return QApplication([NAME])


def _forget_plugins_of_opencv() -> None:
    """opencv-python points Qt at the platform plugins in its own wheel when it is imported; PyQt5 aborts with those."""
    for variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in Path(os.environ.get(variable, "")).parts:
            del os.environ[variable]
