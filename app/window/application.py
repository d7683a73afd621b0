"""The Qt application: its look, its settings, and what happens to an exception that nobody caught."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PyQt5.QtCore import QSettings, Qt
from PyQt5.QtGui import QColor, QPalette
from PyQt5.QtWidgets import QApplication

NAME = "lidarlive"
LOG_BYTES = 1 << 20  # of the log and of the one before it: an error that repeats must not fill the disk
FONT_POINTS = 10.0  # where the platform's own default is smaller

BACKGROUND, SURFACE, BUTTON = QColor(24, 25, 28), QColor(33, 35, 39), QColor(48, 51, 57)
TEXT, DIM_TEXT, ACCENT = QColor(232, 234, 237), QColor(160, 165, 172), QColor(72, 132, 240)


def application() -> QApplication:
    """The one QApplication, made if there is none yet, with this program's look."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else _new_application()
    app.setOrganizationName(NAME)
    app.setApplicationName(NAME)
    app.setStyle("Fusion")
    app.setPalette(_dark_palette())
    font = app.font()
    font.setPointSizeF(max(font.pointSizeF(), FONT_POINTS))
    app.setFont(font)
    return app


def _new_application() -> QApplication:
    _forget_plugins_of_opencv()
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    return QApplication([NAME])


def settings() -> QSettings:
    """Where the window's geometry is kept: the platform's own place, or a file in $LIDARLIVE_HOME where that is set."""
    if home := os.environ.get("LIDARLIVE_HOME"):
        return QSettings(str(Path(home) / "window.ini"), QSettings.Format.IniFormat)
    return QSettings(NAME, NAME)


def report_exceptions(log: Path, show: Callable[[str], None]) -> Callable[[], None]:
    """Write exceptions that nobody caught to `log` and hand a line about each to `show`, from whatever thread.

    Without a hook of its own, PyQt5 aborts the process at an exception in a virtual method. The hooks that were there
    are still called, so a terminal shows the traceback. Returns what puts them back.
    """
    logger = _logger(log)
    hook, thread_hook = sys.excepthook, threading.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None, where: str) -> None:
        logger.error("exception in %s", where, exc_info=(kind, error, trace))
        what = " ".join(f"{kind.__name__}: {error}".split())  # some are a page long
        show(f"Something went wrong ({what}). Details are in {log}")

    def in_qt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        report(kind, error, trace, "the window")
        hook(kind, error, trace)

    def in_thread(about: threading.ExceptHookArgs) -> None:
        if about.exc_value is not None:
            name = about.thread.name if about.thread else "a thread"
            report(about.exc_type, about.exc_value, about.exc_traceback, name)
        thread_hook(about)

    def put_back() -> None:
        sys.excepthook, threading.excepthook = hook, thread_hook
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()

    sys.excepthook, threading.excepthook = in_qt, in_thread
    return put_back


def _logger(path: Path) -> logging.Logger:
    logger = logging.getLogger(NAME)
    logger.propagate = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, delay=True)
    except OSError:  # nowhere to write: the terminal, if there is one, is better than nothing
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger


def _forget_plugins_of_opencv() -> None:
    """opencv-python points Qt at the platform plugins in its own wheel when it is imported; PyQt5 aborts with those."""
    for variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in Path(os.environ.get(variable, "")).parts:
            del os.environ[variable]


def _dark_palette() -> QPalette:
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, BACKGROUND),
        (QPalette.ColorRole.Base, SURFACE),
        (QPalette.ColorRole.AlternateBase, BACKGROUND),
        (QPalette.ColorRole.Button, BUTTON),
        (QPalette.ColorRole.ToolTipBase, SURFACE),
        (QPalette.ColorRole.WindowText, TEXT),
        (QPalette.ColorRole.Text, TEXT),
        (QPalette.ColorRole.ButtonText, TEXT),
        (QPalette.ColorRole.ToolTipText, TEXT),
        (QPalette.ColorRole.BrightText, TEXT),
        (QPalette.ColorRole.Highlight, ACCENT),
        (QPalette.ColorRole.HighlightedText, TEXT),
    ):
        palette.setColor(role, colour)
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(110, 114, 120))
    return palette
