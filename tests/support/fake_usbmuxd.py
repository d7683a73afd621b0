"""A usbmuxd with scripted answers, wrong ones too: for what the stand-in phone cannot be made to do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from capture.usb.usbmuxd import HEADER, PLIST_TYPE, PLIST_VERSION, receive_message, send_message

Answer = dict[str, Any] | Callable[[socket.socket], None]

PHONE = {"DeviceID": 1, "Properties": {"ConnectionType": "USB", "SerialNumber": "abc", "ProductID": 4776}}
ONE_PHONE = {"DeviceList": [PHONE]}
TRUSTED = {"PairRecordData": b"keys"}
NO_RECORD = {"MessageType": "Result", "Number": 2}  # ENOENT
ENDLESS = HEADER.pack(500, PLIST_VERSION, PLIST_TYPE, 1) + b" " * 484  # a message, for `slowly`
OK, REFUSED = {"MessageType": "Result", "Number": 0}, {"MessageType": "Result", "Number": 3}


def hang(connection: socket.socket) -> None:
    """Stay silent until the client leaves."""
    connection.settimeout(60)
    connection.recv(1)


def slowly(data: bytes) -> Callable[[socket.socket], None]:
    """A byte now and then: no single read ever times out."""

    def send(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    return send


class FakeUsbmuxd:
    """Listens at `address`; what it answers to each MessageType, or does with the connection, is given.

    `stream` is called with the connection after a Connect was answered with OK.
    """

    def __init__(self, folder: Path, stream: Callable[[socket.socket], None] = hang, **answers: Answer) -> None:
        self._path, self._stream = folder / "fake-usbmuxd", stream
        self._answers: dict[str, Answer] = {"ListDevices": ONE_PHONE, "ReadPairRecord": TRUSTED, "Connect": OK}
        self._answers |= answers
        self.address = f"UNIX:{self._path}"
        self.asked: list[dict[str, Any]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._connections: list[socket.socket] = []

    def __enter__(self) -> FakeUsbmuxd:
        self._listener.bind(str(self._path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in (self._listener, *self._connections):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes whoever reads from it; closing alone does not
            end.close()
        self._path.unlink()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = receive_message(connection, 60)
            self.asked.append(request)
            answer = self._answers[request["MessageType"]]
            if callable(answer):
                answer(connection)
                return
            send_message(connection, answer)
            if answer is OK:
                self._stream(connection)
