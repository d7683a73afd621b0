"""Choosing another source while the window is open: the phone, the demo room, a recording or a .r3d file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal

from app.session.connection_check import ConnectionCheck, connection_check_of
from app.session.live_session import LiveSession, LiveStatus
from capture.doctor.steps import Step
from capture.errors import LidarliveError
from capture.sources.base import Source
from capture.sources.opening import open_source

PHONE, DEMO = "usb", "demo"


class SourceSwitch(QObject):
    """Which source is seen, and the doctor's look at it until its first frame.

    `switched`: another one is seen from now on. `failed` carries one line for the person. `spec` is what the source was
    opened as, where that is known; `driver` is what reads other phones (None: the usual one).

    A thread named `opener` opens sources, as that may block on the disk or on usbmuxd.
    """

    switched = pyqtSignal()
    failed = pyqtSignal(str)
    opened = pyqtSignal(object, str)  # the source, and what it was opened as; from the thread

    def __init__(self, session: LiveSession, spec: str, checkup: ConnectionCheck | None, driver: str | None) -> None:
        super().__init__()
        self._session, self.spec, self._checkup, self._driver = session, spec, checkup, driver
        self.opened.connect(self._use)
        if checkup is not None:
            checkup.start()

    def open(self, spec: str) -> None:
        """Show another source, named as for `capture.sources.opening.open_source`; fails while a recording runs."""
        recording = self._session.status().recording
        if recording is not None and not recording.finished:
            self.failed.emit("A recording is running: stop it before you choose another source")
        else:
            threading.Thread(target=self._open, args=(spec,), name="opener", daemon=True).start()

    def steps(self, status: LiveStatus) -> Sequence[Step]:
        """What the doctor found, while there may be something to find."""
        waits = self._checkup is not None and status.state in ("connecting", "waiting", "streaming")
        return self._checkup.steps(status) if self._checkup is not None and waits else ()

    def end_checkup(self) -> None:
        """The first frame has come, or nobody will look any more."""
        if self._checkup is not None:
            self._checkup.stop()

    def uses(self, recording: Path) -> str:
        """Why this recording cannot be moved now; empty where it can."""
        replay = self._session.replay
        played = replay is not None and replay.recording.path.resolve() == recording.resolve()
        return "is being played: choose another source first" if played else ""

    def _open(self, spec: str) -> None:
        try:
            source: Source = open_source(spec, driver=self._driver, replay=True)
        except LidarliveError as error:
            self.failed.emit(str(error))
        else:
            self.opened.emit(source, spec)

    def _use(self, source: Source, spec: str) -> None:
        try:
            self._session.use_source(source)
        except LidarliveError as error:  # a recording has begun in the meantime
            self.failed.emit(str(error))
            return
        self.end_checkup()
        self.spec, self._checkup = spec, connection_check_of(source, spec)
        if self._checkup is not None:
            self._checkup.start()
        self.switched.emit()


def spec_of(source: Source, spec: str) -> str:
    """What `source`, opened as `spec`, has become: PHONE or DEMO where the program chose by itself."""
    if spec != "auto":
        return spec
    return PHONE if source.kind == "phone" else DEMO
