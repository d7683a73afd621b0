"""Record a second walk for a training: change the source where that is needed, record, and return to the dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PyQt5.QtCore import QObject, pyqtSignal

from app.session.live_session import LiveStatus

WAITING = "A second recording starts with the first frame: walk elsewhere"
RECORDING = "Recording a second one: walk elsewhere, then press R. Retrain opens again by itself"


class SecondRecording(QObject):
    """Follows the session's status from the request to the end of the recording, which `ended` reports.

    `open_source` changes the source by its spec; `start` starts a recording and shows why it cannot.
    """

    ended = pyqtSignal()

    def __init__(self, open_source: Callable[[str], None], start: Callable[[], None]) -> None:
        super().__init__()
        self._open_source, self._start = open_source, start
        self._spec = ""
        self._state: Literal["idle", "waiting", "starting", "recording"] = "idle"

    @property
    def hint(self) -> str:
        """What the person should know or do now; empty if nothing was requested."""
        return {"waiting": WAITING, "recording": RECORDING}.get(self._state, "")

    def begin(self, spec: str) -> None:
        """Record from the source `spec`, or from the current one if that is empty, as soon as there is a frame."""
        self._spec, self._state = spec, "waiting"
        if spec:
            self._open_source(spec)

    def cancel(self) -> None:
        """Record nothing after all, as the source cannot be opened. A running recording continues."""
        if self._state == "waiting":
            self._state = "idle"

    def follow(self, status: LiveStatus, spec: str, streams: bool) -> None:
        """Continue. `spec`: what the current source was opened as; `streams`: a frame of it has arrived."""
        running = status.recording is not None and not status.recording.finished
        if self._state == "waiting" and streams and not running and self._spec in ("", spec):
            self._state = "starting"
            self._start()  # refreshes the status, and so calls this again
        elif self._state in ("waiting", "starting") and running:  # or a person was faster
            self._state = "recording"
        elif self._state == "starting":  # it could not be started
            self._state = "idle"
        elif self._state == "recording" and not running:
            self._state = "idle"
            self.ended.emit()
