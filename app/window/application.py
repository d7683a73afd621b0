"""The QApplication with this program's look."""

from __future__ import annotations

import logging
import sys

from PyQt5.QtCore import QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler
from PyQt5.QtWidgets import QApplication

from app.platform_workarounds import remove_qt_plugins_of_opencv
from app.widgets.theme import FONT_POINTS, dark_palette

NAME = "lidarlive"
LOG = logging.getLogger("lidarlive.qt")


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


def log_qt_messages() -> None:
    """Let Qt log its own messages in place of printing them, except for those after which it ends the program."""
    qInstallMessageHandler(_log)


def _log(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    LOG.info("%s", message)
    if kind == QtMsgType.QtFatalMsg:
        print(f"lidarlive: {message}", file=sys.stderr)
