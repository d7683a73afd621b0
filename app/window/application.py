"""The QApplication with this program's look."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication

from app.platform_workarounds import remove_qt_plugins_of_opencv
from app.widgets.theme import FONT_POINTS, dark_palette

NAME = "lidarlive"


def application() -> QApplication:
    """Return the one QApplication, created if there is none yet."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else _new_application()
    if app.organizationName() == NAME:  # it has this look already, and setting a style again polishes every widget
        return app
    app.setOrganizationName(NAME)
    app.setApplicationName(NAME)
    app.setStyle("Fusion")
    app.setPalette(dark_palette())
    font = app.font()
    font.setPointSizeF(max(font.pointSizeF(), FONT_POINTS))
    app.setFont(font)
    return app


def _new_application() -> QApplication:
    remove_qt_plugins_of_opencv()
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    return QApplication([NAME])
