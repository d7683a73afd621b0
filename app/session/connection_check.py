"""The connection doctor, repeated while a window waits for a phone."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from app.session.live_session import LiveStatus
from capture.doctor.steps import Step, look
from capture.sources.base import Source
from capture.usb.remedies import Problem, remedy
from capture.usb.usbmuxd import NO_STREAM, NOT_STREAMING

INTERVAL_S = 1.0  # soon enough for a person who plugs something in; a check is a few messages to usbmuxd


def connection_check_of(source: Source, spec: str) -> ConnectionCheck | None:
    """Return a check of the phone that `source`, opened as `spec`, waits for; None if it plays the demo or a file."""
    if source.kind != "phone":
        return None
    return ConnectionCheck(spec.removeprefix("usb:") if spec.startswith("usb:") else None)


class ConnectionCheck:
    """Checks the connection to a phone again and again, until it is stopped.

    A thread named `checkup` does so. It may block on usbmuxd for as long as the doctor's time-outs (seconds); every
    method returns at once.
    """

    def __init__(self, serial: str | None = None, address: str | None = None) -> None:
        self._serial, self._address = serial, address
        self._steps: tuple[Step, ...] = ()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkup", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop checking. A check that hangs in usbmuxd ends later by its time-out, and its result is dropped."""
        self._ended.set()

    def steps(self, status: LiveStatus) -> tuple[Step, ...]:
        """Return the newest results, with the app as the last step; none before the first check has ended.

        The state of the app is taken from the source's `status`: the app serves one client only, the source.
        """
        return with_app_step(self._steps, status) if self._steps else ()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._steps = tuple(look(self._address, self._serial))
            self._ended.wait(INTERVAL_S)


def with_app_step(steps: Sequence[Step], status: LiveStatus) -> tuple[Step, ...]:
    """Append the state of the app, as the source reports it, and why no frame arrives from it."""
    reachable = all(step.state != "failed" for step in steps)
    app = _app_step(status, reachable)
    if not reachable or (diagnosis := status.diagnosis) is None:
        return (*steps, app)
    if diagnosis.problem is not Problem.CRASHED:  # which may happen before there is a connection
        app = Step(app.name, "ok", "connected")
    return (*steps, app, Step("first frame", "failed", diagnosis.found, diagnosis.fix))


def _app_step(status: LiveStatus, reachable: bool) -> Step:
    name = "app streaming"
    if not reachable:
        return Step(name, "skipped")
    if NOT_STREAMING in status.detail:
        return Step(name, "failed", NO_STREAM, remedy(Problem.NOT_STREAMING))
    if status.state == "streaming":
        return Step(name, "ok", "connected, waiting for the first frame")
    if "connecting again" in status.detail and status.diagnosis is None:
        return Step(name, "failed", status.detail, remedy(Problem.SILENT))
    return Step(name, "skipped", "connecting…")
