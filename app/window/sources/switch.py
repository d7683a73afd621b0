"""Change the source while the window is open: to a phone, the demo room, a recording or a .r3d file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal

from app.session.connection_check import ConnectionCheck, connection_check_of
from app.session.live_session import LiveSession, LiveStatus
from app.widgets.background import Background
from capture.doctor.steps import Step
from capture.errors import LidarliveError
from capture.sources.base import Source
from capture.sources.opening import open_source

PHONE, DEMO = "usb", "demo"
NO_FRAME_STATES = ("connecting", "waiting", "streaming")


class SourceSwitch(QObject):
    """Opens sources, and checks the connection to a phone until its first frame.

    `switched`: another source is in use. `failed` carries one line for the person. `spec` is what the source was opened
    as, empty if unknown; `driver` reads other phones (None: the default one).

    A thread named `opener` opens sources, because that may block on the disk or on usbmuxd. If a person chooses several
    in a row, the last choice wins.
    """

    switched = pyqtSignal()
    failed = pyqtSignal(str)

    def __init__(self, session: LiveSession, spec: str, check: ConnectionCheck | None, driver: str | None) -> None:
        super().__init__()
        self._session, self.spec, self._check, self._driver = session, spec, check, driver
        self._background = Background(self)
        self._background.failed.connect(self.failed)
        if check is not None:
            check.start()

    def open(self, spec: str) -> None:
        """Open a source, named as for `capture.sources.opening.open_source`. Fails while a recording runs."""
        recording = self._session.status().recording
        if recording is not None and not recording.finished:
            self.failed.emit("A recording is running: stop it before you choose another source")
            return
        self._background.run_newest(
            "opener",
            lambda: open_source(spec, driver=self._driver, replay=True),
            lambda source: self._use(source, spec),
            discard=lambda source: source.close(),
        )

    def steps(self, status: LiveStatus) -> Sequence[Step]:
        """Results of the connection check; none if there is no check, or nothing to wait for."""
        if self._check is None or status.state not in NO_FRAME_STATES:
            return ()
        return self._check.steps(status)

    def stop_check(self) -> None:
        """Stop the connection check."""
        if self._check is not None:
            self._check.stop()

    def shut_down(self) -> None:
        """Stop the connection check, and drop sources that are still being opened."""
        self.stop_check()
        self._background.cancel()

    def in_use(self, recording: Path) -> str:
        """Why this recording cannot be moved now; empty if it can."""
        replay = self._session.replay
        played = replay is not None and replay.recording.path.resolve() == recording.resolve()
        return "is being played: choose another source first" if played else ""

    def _use(self, source: Source, spec: str) -> None:
        try:
            self._session.use_source(source)
        except LidarliveError as error:  # a recording has begun in the meantime
            source.close()
            self.failed.emit(str(error))
            return
        self.stop_check()
        self.spec, self._check = spec, connection_check_of(source, spec)
        if self._check is not None:
            self._check.start()
        self.switched.emit()


def spec_of(source: Source, spec: str) -> str:
    """What `source`, opened as `spec`, turned out to be: PHONE or DEMO for "auto", else `spec` itself."""
    if spec != "auto":
        return spec
    return PHONE if source.kind == "phone" else DEMO
