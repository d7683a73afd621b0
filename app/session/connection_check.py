"""The connection doctor beside a window that waits for a phone: looks about once a second, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from app.session.live_session import LiveStatus
from capture.doctor.steps import Step, look
from capture.sources.base import Source
from capture.usb.remedies import Problem, remedy
from capture.usb.usbmuxd import NO_STREAM, NOT_STREAMING

INTERVAL_S = 1.0  # as soon as a person looks up from plugging something in; each look is a few messages to usbmuxd


def connection_check_of(source: Source, spec: str) -> ConnectionCheck | None:
    """For the phone that `source`, opened as `spec`, waits for; None where it plays the demo or a file."""
    if source.kind != "phone":
        return None
    return ConnectionCheck(spec.removeprefix("usb:") if spec.startswith("usb:") else None)


class ConnectionCheck:
    """`steps` is the newest look, by whatever thread; a thread takes them and may block on usbmuxd for seconds."""

    def __init__(self, serial: str | None = None, address: str | None = None) -> None:
        self._serial, self._address = serial, address
        self._steps: tuple[Step, ...] = ()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkup", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No more looks. Returns at once: one that hangs in usbmuxd ends by its time-out, and nobody hears of it."""
        self._ended.set()

    def steps(self, status: LiveStatus) -> tuple[Step, ...]:
        """From this computer to the app, of which the source tells in its `status`; none before the first look.

        The doctor does not knock at the app: it serves one client, and that is to be the source.
        """
        return with_app_step(self._steps, status) if self._steps else ()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._steps = tuple(look(self._address, self._serial))
            self._ended.wait(INTERVAL_S)


def with_app_step(steps: Sequence[Step], status: LiveStatus) -> tuple[Step, ...]:
    """The doctor's look, and as its last step what the source says of the app."""
    return (*steps, _app_step(status, found=all(step.state != "failed" for step in steps)))


def _app_step(status: LiveStatus, found: bool) -> Step:
    name = "app streaming"
    if not found:
        return Step(name, "skipped")
    if NOT_STREAMING in status.detail:
        return Step(name, "failed", NO_STREAM, remedy(Problem.NOT_STREAMING))
    if status.state == "streaming":
        return Step(name, "ok", "connected, waiting for the first frame")
    if "connecting again" in status.detail:
        return Step(name, "failed", status.detail, remedy(Problem.SILENT))
    return Step(name, "skipped", "connecting…")
