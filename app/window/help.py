"""The help page and the About box: both beside the window, never in its way."""

from __future__ import annotations

import platform
from importlib import metadata

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, Qt
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from app.widgets.menu_entries import Entries

PACKAGES = ("record3d", "openvino", "tensorflow", "keras", "numpy", "opencv-python")
PAGE = """
<h2>lidarlive</h2>
<p>The phone's picture, what the network says of it, and what the LiDAR measured: all of one moment.</p>
<table cellpadding="3">
<tr><td><b>R</b></td><td>record, stop; <b>Ctrl+Shift+R</b> which frames, and a note</td></tr>
<tr><td><b>S</b></td><td>snapshot: picture, depth, prediction, window</td></tr>
<tr><td><b>F</b></td><td>freeze the view; a recording goes on</td></tr>
<tr><td><b>Ctrl+T</b></td><td>retrain on what was recorded</td></tr>
<tr><td><b>Ctrl+L</b></td><td>your recordings: <b>Enter</b> plays one, <b>T</b> marks it for the next retraining,
<b>F2</b> renames it, <b>Del</b> moves it to the trash</td></tr>
<tr><td><b>Space</b>, <b>←</b> <b>→</b></td><td>of a recording that is played: pause, one frame back or on</td></tr>
<tr><td><b>Ctrl+O</b></td><td>play a recording in place of the phone; <b>Ctrl+Shift+O</b> a .r3d file</td></tr>
<tr><td><b>Ctrl+1 … 7</b></td><td>show and hide views; <b>Ctrl+0</b> the usual four</td></tr>
<tr><td><b>Ctrl+U</b></td><td>turn the pictures by 90°; <i>View, Orientation</i> puts them back</td></tr>
<tr><td><b>Ctrl+D</b></td><td>point cloud; drag turns it, with Ctrl moves it, the wheel goes nearer</td></tr>
<tr><td><b>Ctrl+P</b></td><td>accuracy of the last minute as plots</td></tr>
<tr><td><b>Enter</b>, double click</td><td>one view alone, all again; <b>Tab</b> goes from view to view</td></tr>
<tr><td>point</td><td>both depths, difference, confidence and position, below the pictures</td></tr>
<tr><td>click, click</td><td>distance between two points; <b>Esc</b> clears</td></tr>
<tr><td>drag</td><td>mean, spread and fill rate of a region</td></tr>
<tr><td><b>Ctrl+Q</b></td><td>quit; a recording is finished first</td></tr>
</table>
<p>Recordings, weights, snapshots and the log are in <code>{home}</code>.</p>
"""


def help_entries(parent: QWidget, home: str) -> Entries:
    return {
        "&Keys and mouse": ("F1", lambda: help_page(home, parent).show()),
        "&About": ("", lambda: about_box(parent).show()),
    }


def help_page(home: str, parent: QWidget) -> QDialog:
    """What the keys and the mouse do."""
    return _page("Help", PAGE.format(home=home), parent)


def about_box(parent: QWidget) -> QDialog:
    """Versions of everything that a report of an error should name, and the licences."""
    rows = {"lidarlive": _version("lidarlive"), "Python": platform.python_version(), "system": platform.platform()}
    rows |= {"PyQt": PYQT_VERSION_STR, "Qt": QT_VERSION_STR, **{name: _version(name) for name in PACKAGES}}
    table = "".join(f"<tr><td><b>{name}</b></td><td>{version}</td></tr>" for name, version in rows.items())
    licence = "<p>Apache License 2.0. PyQt5 is licensed under the GPL 3.</p>"
    return _page("About lidarlive", f"<table cellpadding='3'>{table}</table>{licence}", parent)


def _page(title: str, html: str, parent: QWidget) -> QDialog:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setModal(False)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    text = QTextBrowser()
    text.setHtml(html)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addWidget(text)
    layout.addWidget(buttons)
    dialog.resize(560, 460)
    return dialog


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
