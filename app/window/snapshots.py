"""Take snapshots of the live view."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QBuffer, QObject, pyqtSignal
from PyQt5.QtGui import QImage

from app.session.live_session import LiveFrame
from app.session.snapshot_files import write_snapshot
from app.widgets.background import Background
from capture.errors import LidarliveError


class Snapshots(QObject):
    """Writes each snapshot in a thread named `snapshot`, which may block on the disk.

    `saved` carries its folder, `failed` one line for the person.
    """

    saved = pyqtSignal(str)
    failed = pyqtSignal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._background = Background(self)
        self._background.failed.connect(self.failed)

    def take(self, view: LiveFrame, window: QImage, weights: str) -> None:
        """Write `view` into a new folder, with a picture of the window."""
        self._background.run("snapshot", lambda: self._write(view, window, weights), self.saved.emit)

    def finish(self) -> None:
        """Wait until everything is written."""
        self._background.shut_down(timeout_s=None)

    def _write(self, view: LiveFrame, window: QImage, weights: str) -> str:
        try:
            return str(write_snapshot(self._folder, view, png(window), weights))
        except (OSError, ValueError) as error:
            raise LidarliveError(f"The snapshot cannot be written into {self._folder} ({error})") from None


def png(image: QImage) -> bytes:
    """Encode an image as PNG. Raises OSError if Qt cannot."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):
        raise OSError("the picture of the window cannot be encoded")
    return bytes(buffer.data())
