"""Choosing another source while the window is open: the phone, the demo room, a recording or a .r3d file."""

from __future__ import annotations

import threading

from PyQt5.QtCore import QObject, pyqtSignal

from capture.frame import CaptureError
from capture.phone_source import PhoneSource
from capture.source import Source, open_source

PHONE, DEMO = "usb", "demo"


class SourceOpener(QObject):
    """Opens sources in a thread named `opener`, as that may block on the disk or on usbmuxd.

    `opened` carries the source and what it was opened as; `failed` one line for the person.
    """

    opened = pyqtSignal(object, str)
    failed = pyqtSignal(str)

    def __init__(self, driver: str | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._driver = driver

    def open(self, spec: str) -> None:
        """As `capture.source.open_source` takes it."""
        threading.Thread(target=self._open, args=(spec,), name="opener", daemon=True).start()

    def _open(self, spec: str) -> None:
        try:
            source: Source = open_source(spec, driver=self._driver, replay=True)
        except CaptureError as error:
            self.failed.emit(str(error))
        else:
            self.opened.emit(source, spec)


def spec_of(source: Source, spec: str) -> str:
    """What `source`, opened as `spec`, has become: PHONE or DEMO where the program chose by itself."""
    if spec != "auto":
        return spec
    return PHONE if isinstance(source, PhoneSource) else DEMO
