"""The stand-in iPhone: usbmuxd with one phone plugged in, and the Record3D app on it playing a clip.

main thread         waits until the clip is over or someone asks it to stop
preparing thread    encodes the clip, then the app streams; may block on the disk
accepting thread    takes connections and gives each a thread (`daemon.py`)
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
from capture.virtual_phone.usbmuxd_server import Daemon

DEFAULT_SERIAL = "LIDARLIVE-STAND-IN-0001"
DEVICE_ID = 1
REQUEST_TIMEOUT_S = 5.0  # as long as libusbmuxd waits for an answer
REPORT_S = 0.1  # how old the counters of a status may be

State = Literal["preparing", "ready", "ended", "failed"]


@dataclass(frozen=True)
class PhoneStatus:
    """`prepared` goes from 0 to 1 while preparing; `error` is one line for the person where the state is failed.

    `sent` and `dropped` count frames since the first client came. `address` is what USBMUXD_SOCKET_ADDRESS has to be.
    """

    state: State = "preparing"
    prepared: float = 0.0
    sent: int = 0
    dropped: int = 0
    error: str = ""
    address: str = ""


@dataclass(frozen=True)
class PhoneSettings:
    """What is played and how the phone presents itself; `fps` None is the clip's own rate (see `Player`).

    `trusted`: whether the computer holds a pair record of this phone; `send_log`: the file to keep one in.
    """

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
    """Runs in the thread that calls `run`; `report` is called from several threads, one at a time."""

    def __init__(self, settings: PhoneSettings, report: Report) -> None:
        self._settings = settings
        self._report = report
        self._changing = threading.Lock()
        self._state: State = "preparing"
        self._prepared = 0.0
        self._error = ""
        self._camera: Player | None = None
        self._daemon: Daemon | None = None
        self._plugged_in_from_s = 0.0 if settings.plugged_in else inf
        self._stopping = threading.Event()

    @property
    def status(self) -> PhoneStatus:
        sent, dropped = (self._camera.sent, self._camera.dropped) if self._camera else (0, 0)
        return PhoneStatus(self._state, self._prepared, sent, dropped, self._error, self._settings.address)

    def run(self, asked_to_stop: Callable[[float], bool]) -> PhoneStatus:
        """Be a phone until the clip is over, something fails, or `asked_to_stop(seconds to wait)` is true."""
        self._tell()
        try:
            self._daemon = Daemon(self._settings.address, self._converse, lambda error: self._become("failed", error))
            threading.Thread(target=self._prepare, name="phone preparing", daemon=True).start()
            try:
                while not self._is_over() and not asked_to_stop(REPORT_S):
                    self._tell()
            finally:
                self._stop()
                self._daemon.stop()
            self._become("ended")
        except LidarliveError as error:
            self._become("failed", str(error))
        return self.status

    def _is_over(self) -> bool:
        return self._state in ("ended", "failed") or (self._camera is not None and self._camera.over)

    def _stop(self) -> None:
        self._stopping.set()
        if self._camera:
            self._camera.stop()

    def _become(self, state: State, error: str = "") -> None:
        """Change the state and report it; the phone ends only once."""
        with self._changing:
            if self._state in ("preparing", "ready"):
                self._state, self._error = state, error
        self._tell()

    def _tell(self) -> None:
        with self._changing:
            self._report(self.status)

    def _prepare(self) -> None:
        try:
            log = SendLog(self._settings.send_log)
            clip = open_clip(self._settings.what, self._on_prepared)
            self._camera = Player(
                clip, self._settings.fps, self._settings.loop, self._settings.faults, log, self._on_prepared
            )
            self._become("ready")
        except _StoppedError:
            return
        except LidarliveError as error:
            self._become("failed", str(error))
        except Exception as error:
            self._become("failed", f"{self._settings.what} cannot be played: {error!r}")
            raise

    def _on_prepared(self, fraction: float) -> None:
        if self._stopping.is_set():
            raise _StoppedError
        self._prepared = fraction

    @property
    def _is_plugged_in(self) -> bool:
        return time.monotonic() >= self._plugged_in_from_s

    def _converse(self, connection: socket.socket) -> None:
        """Answer one client until it leaves; what it breaks is its own connection."""
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
        """Answer a Connect. Where the app takes the client, the connection is the tunnel until one side closes it."""
        camera = self._camera
        is_app = self._settings.in_usb_mode and request.port == RECORD3D_PORT
        if not self._is_plugged_in or request.message.get("DeviceID") != DEVICE_ID:
            answer(connection, request, result(UsbmuxResult.BAD_DEVICE))
        elif camera is None or not is_app or not camera.claim(connection):
            answer(connection, request, result(UsbmuxResult.CONNECTION_REFUSED))
        else:
            try:
                answer(connection, request, result(UsbmuxResult.OK))
                if camera.play(connection):
                    self._become("ended")  # reported before the client sees the stream end
            except OutageError as outage:
                self._suffer(outage.fault)
            except LidarliveError as error:
                self._become("failed", str(error))
            finally:
                camera.release(connection)
                connection.close()

    def _suffer(self, outage: Fault) -> None:
        """Unplug the phone, or take usbmuxd down, until it is back by itself."""
        if outage.kind == "gone":
            self._plugged_in_from_s = time.monotonic() + outage.seconds
        elif self._daemon:
            self._daemon.restart(outage.seconds)


class _StoppedError(Exception):
    """The phone is asked to stop while it prepares."""
