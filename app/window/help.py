"""The help page and the About box, both beside the window and never modal."""

from __future__ import annotations

import html
import platform

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, Qt
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from app.session.views import VIEWS
from app.window.key_table import keys_html
from capture import paths
from capture.storage.software import software_versions

PACKAGES = ("lidarlive", "record3d", "openvino", "tensorflow", "keras", "numpy", "opencv-python")
SIZE = (620, 560)
PAGE = """
<h2>lidarlive</h2>
<p>The phone's picture, the depth that the network predicts from it, and the depth that the LiDAR measured: all of one
moment. Views: {views}.</p>
{keys}
<p>Recordings, weights, snapshots and the log are in <code>{home}</code>.</p>
"""


def help_page(home: str, parent: QWidget) -> QDialog:
    """Return a page that lists all keys. `home`: the folder with the user's data."""
    views = ", ".join(view.title for view in VIEWS)
    return _page("Help", PAGE.format(home=html.escape(home), keys=keys_html(), views=html.escape(views)), parent)


def about_box(parent: QWidget) -> QDialog:
    """Return a box with the versions that an error report should name, the log to send with it, and the licences."""
    rows = {"system": platform.platform(), "PyQt": PYQT_VERSION_STR, "Qt": QT_VERSION_STR}
    rows |= software_versions(*PACKAGES) | {"log": str(paths.log_path())}
    table = "".join(f"<tr><td><b>{name}</b></td><td>{html.escape(text)}</td></tr>" for name, text in rows.items())
    licence = "<p>Apache License 2.0. PyQt5 is licensed under the GPL 3.</p>"
    return _page("About lidarlive", f"<table cellpadding='3'>{table}</table>{licence}", parent)


def _page(title: str, page: str, parent: QWidget) -> QDialog:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setModal(False)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    text = QTextBrowser()
    text.setHtml(page)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(text)
    layout.addWidget(buttons)
    dialog.resize(*SIZE)
    return dialog
