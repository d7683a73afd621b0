"""Run a stand-in phone in a child process, or in the foreground as a command."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType, TracebackType
from typing import get_args

from capture.errors import LidarliveError
from capture.usb.local_socket import fresh_address, with_port
from capture.virtual_phone.faults import Fault
from capture.virtual_phone.phone import DEFAULT_SERIAL, Phone, PhoneSettings, PhoneStatus, Report, State

__all__ = ["PhoneProcess", "PhoneStatus", "run_phone"]

STOP_TIMEOUT_S = 3.0  # the child normally stops within a tenth of a second; after this it is killed
WAIT_POLL_S = 0.02
_STATES = get_args(State)


class _SharedStatus(ctypes.Structure):
    """A PhoneStatus in shared memory, written by the child only, its state last."""

    _fields_ = (
        ("prepared", ctypes.c_double),
        ("sent", ctypes.c_int64),
        ("dropped", ctypes.c_int64),
        ("error", ctypes.c_char * 1024),
        ("state", ctypes.c_int),
    )


class PhoneProcess:
    """A stand-in phone in a child process, which ends with this process even if that is killed.

    what         `demo`, a `.r3d` or `.wire` file, a recording or a dataset
    fps          None: the clip's own rate, at most 30 if the picture is larger than a megapixel
    loop         repeat the clip; otherwise the phone ends after the last frame
    address      as in USBMUXD_SOCKET_ADDRESS; None: an unused one; port 0: any free port
    in_usb_mode  False: the app is not streaming and refuses connections
    plugged_in   False: usbmuxd is running, but no phone is connected
    trusted      False: nobody tapped Trust on the phone, so that this computer has no pair record
    faults       `KIND@FRAME` or `KIND@FRAME:SECONDS`, as in `capture.virtual_phone.faults`
    send_log     file for the log of `capture.virtual_phone.send_log`

    `start` does not wait; clients can connect once the status is `ready`. Methods may be called from any thread; only
    `wait_ready` and `stop` block.

    Raises LidarliveError if a fault is malformed.
    """

    def __init__(
        self,
        what: str,
        fps: float | None = None,
        loop: bool = True,
        address: str | None = None,
        serial: str = DEFAULT_SERIAL,
        in_usb_mode: bool = True,
        plugged_in: bool = True,
        trusted: bool = True,
        faults: Sequence[str] = (),
        send_log: Path | None = None,
    ) -> None:
        parsed = tuple(map(Fault.parse, faults))
        folder = Path(tempfile.mkdtemp(prefix="lidarlive-"))
        self._remove_folder = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # also if never started
        address = with_port(address) if address else fresh_address(folder)
        settings = PhoneSettings(what, address, fps, loop, serial, in_usb_mode, plugged_in, trusted, parsed, send_log)
        spawn = multiprocessing.get_context("spawn")
        self.address = address
        self._shared = spawn.RawValue(_SharedStatus)
        self._stop_pipe, self._stop_request = spawn.Pipe()
        self._child = spawn.Process(
            target=_child_main, args=(settings, self._shared, self._stop_request, str(folder)), daemon=True
        )
        self._stopped = False

    def __enter__(self) -> PhoneProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the child. Starting twice has no effect."""
        if self._child.pid is None:
            self._child.start()

    @property
    def pid(self) -> int | None:
        return self._child.pid

    def status(self) -> PhoneStatus:
        """Return the latest status, at most a tenth of a second old; also after the phone has stopped."""
        status = _read(self._shared, self.address)
        if status.state in ("ended", "failed") or self._child.pid is None or self._child.is_alive():
            return status
        status = _read(self._shared, self.address)  # the child may have written its last status meanwhile
        if status.state in ("ended", "failed"):
            return status
        if self._stopped:
            return replace(status, state="ended")
        error = f"the stand-in phone died (exit code {self._child.exitcode}). Start it again"
        return replace(status, state="failed", error=error)

    def wait_ready(self, timeout_s: float = 300.0) -> PhoneStatus:
        """Wait until clients can connect. Raises LidarliveError if the phone fails or the time runs out."""
        deadline_s = time.monotonic() + timeout_s
        while (status := self.status()).state == "preparing":
            if time.monotonic() > deadline_s:
                raise LidarliveError(f"the stand-in phone is not ready after {timeout_s:.0f} s ({status.prepared:.0%})")
            time.sleep(WAIT_POLL_S)
        if status.state == "failed":
            raise LidarliveError(status.error)
        return status

    def stop(self) -> None:
        """Stop the child and remove its socket. Stopping twice has no effect."""
        if not self._stopped:
            self._stopped = True
            self._stop_pipe.close()
            self._stop_request.close()
            if self._child.pid is not None:
                self._child.join(STOP_TIMEOUT_S)
                self._child.kill()
                self._child.join()
            self._remove_folder()


def run_phone(
    what: str,
    address: str | None = None,
    fps: float | None = None,
    loop: bool = True,
    report: Report = lambda status: None,
    faults: Sequence[str] = (),
    send_log: Path | None = None,
) -> PhoneStatus:
    """Run a stand-in phone in the main thread until the clip is over or SIGINT or SIGTERM arrives.

    `report` is called with each change and ten times a second, from several threads, one at a time.
    Returns the final status, which is `failed` if the clip or the address cannot be used.
    Raises LidarliveError if a fault is malformed.
    """
    parsed = tuple(map(Fault.parse, faults))
    interrupted = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        interrupted.set()

    handlers = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with tempfile.TemporaryDirectory(prefix="lidarlive-") as folder:
            own_address = with_port(address) if address else fresh_address(Path(folder))
            settings = PhoneSettings(what, own_address, fps, loop, faults=parsed, send_log=send_log)
            return Phone(settings, report).run(interrupted.wait)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _child_main(settings: PhoneSettings, shared: _SharedStatus, stop_request: Connection, folder: str) -> None:
    """Main function of the child. Ends when the parent closes its end of the pipe, or dies: both make it readable."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent handles it
    ends: list[Connection | int] = [stop_request]
    if parent := multiprocessing.parent_process():
        ends.append(parent.sentinel)
    Phone(settings, lambda status: _write(shared, status)).run(lambda seconds: bool(wait(ends, seconds)))
    shutil.rmtree(folder, ignore_errors=True)  # a killed parent cannot
    os._exit(0)  # do not wait for a frame that is being rendered


def _write(shared: _SharedStatus, status: PhoneStatus) -> None:
    shared.prepared, shared.sent, shared.dropped = status.prepared, status.sent, status.dropped
    shared.error = status.error.encode()[: _SharedStatus.error.size - 1]
    shared.state = _STATES.index(status.state)


def _read(shared: _SharedStatus, address: str) -> PhoneStatus:
    state = _STATES[shared.state]  # first, as it is written last
    error = shared.error.decode(errors="ignore")
    return PhoneStatus(state, shared.prepared, shared.sent, shared.dropped, error, address)
