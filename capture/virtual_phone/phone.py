"""The stand-in iPhone: a usbmuxd with one phone plugged in, whose Record3D app plays a clip.

main thread         waits until the clip is over or a stop is requested
preparing thread    encodes the clip, before the app can stream; may block on the disk
accepting thread    accepts connections and starts a thread for each (`usbmuxd_server.py`)
connection threads  answer usbmuxd requests, at most MAX_CONNECTIONS; may block on their socket, REQUEST_TIMEOUT_S. The
                    one whose client connects to the app then sends it frames, and may block on that client
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal

from capture.errors import LidarliveError
from capture.protocol.wire import RECORD3D_PORT
from capture.virtual_phone.clips import open_clip
from capture.virtual_phone.faults import Fault, OutageError
from capture.virtual_phone.player import Player
from capture.virtual_phone.send_log import SendLog
from capture.virtual_phone.usbmux_messages import (
    Request,
    UsbmuxResult,
    answer,
    device_list,
    pair_record,
    receive_request,
    result,
)
from capture.virtual_phone.usbmuxd_server import UsbmuxdServer

DEFAULT_SERIAL = "LIDARLIVE-STAND-IN-0001"
DEVICE_ID = 1
REQUEST_TIMEOUT_S = 5.0  # as long as libusbmuxd waits for an answer
REPORT_S = 0.1  # between reports of the status

State = Literal["preparing", "ready", "ended", "failed"]


@dataclass(frozen=True)
class PhoneStatus:
    """Status of a stand-in phone.

    prepared       share of the preparation done, 0 to 1
    sent, dropped  frames since the first client connected
    error          one line for the user if the state is failed
    address        the value for USBMUXD_SOCKET_ADDRESS
    """

    state: State = "preparing"
    prepared: float = 0.0
    sent: int = 0
    dropped: int = 0
    error: str = ""
    address: str = ""


@dataclass(frozen=True)
class PhoneSettings:
    """Settings of a stand-in phone; see PhoneProcess."""

    what: str
    address: str
    fps: float | None = None
    loop: bool = True
    serial: str = DEFAULT_SERIAL
    in_usb_mode: bool = True
    plugged_in: bool = True
    trusted: bool = True
    faults: tuple[Fault, ...] = ()
    send_log: Path | None = None


Report = Callable[[PhoneStatus], None]


class Phone:
    """Stand-in phone, run in the thread that calls `run`. `report` is called from several threads, one at a time."""

    def __init__(self, settings: PhoneSettings, report: Report) -> None:
        self._settings = settings
        self._report = report
        self._changing = threading.Lock()
        self._state: State = "preparing"
        self._prepared = 0.0
        self._error = ""
        self._player: Player | None = None
        self._server: UsbmuxdServer | None = None
        self._plugged_in_from_s = 0.0 if settings.plugged_in else inf
        self._stopping = threading.Event()

    @property
    def status(self) -> PhoneStatus:
        sent, dropped = (self._player.sent, self._player.dropped) if self._player else (0, 0)
        return PhoneStatus(self._state, self._prepared, sent, dropped, self._error, self._settings.address)

    def run(self, wait_for_stop: Callable[[float], bool]) -> PhoneStatus:
        """Serve until the clip is over, something fails, or `wait_for_stop(seconds)` returns true."""
        self._report_status()
        try:
            self._server = UsbmuxdServer(
                self._settings.address, self._serve, lambda error: self._set_state("failed", error)
            )
            threading.Thread(target=self._prepare, name="phone preparing", daemon=True).start()
            try:
                while not self._is_over() and not wait_for_stop(REPORT_S):
                    self._report_status()
            finally:
                self._stop()
                self._server.stop()
            self._set_state("ended")
        except LidarliveError as error:
            self._set_state("failed", str(error))
        return self.status

    def _is_over(self) -> bool:
        return self._state in ("ended", "failed") or (self._player is not None and self._player.over)

    def _stop(self) -> None:
        self._stopping.set()
        if self._player:
            self._player.stop()

    def _set_state(self, state: State, error: str = "") -> None:
        """Change the state and report it; `ended` and `failed` are final."""
        with self._changing:
            if self._state in ("preparing", "ready"):
                self._state, self._error = state, error
        self._report_status()

    def _report_status(self) -> None:
        with self._changing:
            self._report(self.status)

    def _prepare(self) -> None:
        try:
            log = SendLog(self._settings.send_log)
            clip = open_clip(self._settings.what, self._on_prepared)
            self._player = Player(
                clip, self._settings.fps, self._settings.loop, self._settings.faults, log, self._on_prepared
            )
            self._set_state("ready")
        except _StoppedError:
            return
        except LidarliveError as error:
            self._set_state("failed", str(error))
        except Exception as error:
            self._set_state("failed", f"{self._settings.what} cannot be played: {error!r}")
            raise

    def _on_prepared(self, fraction: float) -> None:
        if self._stopping.is_set():
            raise _StoppedError
        self._prepared = fraction

    @property
    def _is_plugged_in(self) -> bool:
        return time.monotonic() >= self._plugged_in_from_s

    def _serve(self, connection: socket.socket) -> None:
        """Answer one client until it disconnects; its errors end only its own connection."""
        try:
            connection.settimeout(REQUEST_TIMEOUT_S)
            while (request := receive_request(connection)) is not None:
                if request.kind == "Connect":
                    self._connect(connection, request)
                elif request.kind == "ListDevices":
                    answer(connection, request, device_list([self._settings.serial] * self._is_plugged_in))
                elif request.kind == "ReadPairRecord":
                    known = [self._settings.serial] * self._settings.trusted
                    answer(connection, request, pair_record(request, known))
                else:
                    answer(connection, request, result(UsbmuxResult.BAD_COMMAND))
        except (OSError, ValueError):
            return

    def _connect(self, connection: socket.socket, request: Request) -> None:
        """Answer a Connect. If the app accepts the client, the connection is the tunnel until one side closes it."""
        player = self._player
        is_app = self._settings.in_usb_mode and request.port == RECORD3D_PORT
        if not self._is_plugged_in or request.message.get("DeviceID") != DEVICE_ID:
            answer(connection, request, result(UsbmuxResult.BAD_DEVICE))
        elif player is None or not is_app or not player.claim(connection):
            answer(connection, request, result(UsbmuxResult.CONNECTION_REFUSED))
        else:
            try:
                answer(connection, request, result(UsbmuxResult.OK))
                if player.play(connection):
                    self._set_state("ended")  # reported before the client sees the stream end
            except OutageError as outage:
                self._apply_outage(outage.fault)
            except LidarliveError as error:
                self._set_state("failed", str(error))
            finally:
                player.release(connection)
                connection.close()

    def _apply_outage(self, outage: Fault) -> None:
        """Unplug the phone, or stop usbmuxd, for the duration of the fault."""
        if outage.kind == "gone":
            self._plugged_in_from_s = time.monotonic() + outage.seconds
        elif self._server:
            self._server.restart(outage.seconds)


class _StoppedError(Exception):
    """The phone was stopped while preparing."""
