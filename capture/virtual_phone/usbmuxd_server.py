"""The listening part of the stand-in usbmuxd: a thread for each connection; can be stopped and restarted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from capture.errors import LidarliveError
from capture.usb.local_socket import hang_up, listen, remove_socket

MAX_CONNECTIONS = 16  # normal are one stream and a few requests at a time; more is a faulty client
ACCEPT_POLL_S = 0.1  # delay until the accepting thread notices a stop or a restart


class UsbmuxdServer:
    """Server that listens from its creation until `stop` and calls `serve` for each connection, in a thread of its own.

    `fail` is called with one line if the server cannot listen again after a restart.

    Raises LidarliveError if it cannot listen at `address`.
    """

    def __init__(self, address: str, serve: Callable[[socket.socket], None], fail: Callable[[str], None]) -> None:
        self._address = address
        self._serve_client = serve
        self._fail = fail
        self._connections: set[socket.socket] = set()
        self._changing = threading.Lock()
        self._stopping, self._down = threading.Event(), threading.Event()
        self._down_s: float | None = None  # requested downtime
        self._accepting = threading.Thread(
            target=self._run, args=(listen(address),), name="phone accepting", daemon=True
        )
        self._accepting.start()

    def stop(self) -> None:
        """Close the socket, remove its file and drop every connection."""
        self._stopping.set()
        self._accepting.join()

    def restart(self, seconds: float) -> None:
        """Stop, and listen again after `seconds`. Returns once nobody can connect any more."""
        self._down.clear()
        self._down_s = seconds
        self._down.wait()

    def _run(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            self._accept(listener)
            listener.close()
            remove_socket(self._address)
            self._drop_all()
            down_s, self._down_s = self._down_s, None
            self._down.set()
            if self._stopping.wait(down_s or 0.0):
                return
            try:
                listener = listen(self._address)
            except LidarliveError as error:
                self._fail(str(error))
                return

    def _accept(self, listener: socket.socket) -> None:
        """Accept connections until a stop or a restart is requested."""
        listener.settimeout(ACCEPT_POLL_S)
        while not self._stopping.is_set() and self._down_s is None:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with self._changing:
                accepted = len(self._connections) < MAX_CONNECTIONS
                if accepted:
                    self._connections.add(connection)
            if accepted:
                threading.Thread(target=self._serve, args=(connection,), name="phone client", daemon=True).start()
            else:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._serve_client(connection)
            finally:
                with self._changing:
                    self._connections.remove(connection)

    def _drop_all(self) -> None:
        with self._changing:
            for connection in self._connections:
                hang_up(connection)
