"""Takes the phone's bytes as fast as they come and holds what the `record3d` package has not taken yet.

    phone ─ usbmuxd ─► Relay (this process) ─► record3d, in its own

The package reads no byte while it decodes a frame, and a phone whose bytes are not taken drops frames. Behind the relay
a computer that is busy for a moment is only late.
"""

from __future__ import annotations

import contextlib
import select
import socket
import tempfile
import threading
from collections import deque
from pathlib import Path
from types import TracebackType

from capture.errors import LidarliveError
from capture.usb.local_socket import fresh_address, listen
from capture.usb.usbmuxd import open_socket

HELD_BYTES = 32 << 20  # 2 s of 720x960 at 60 fps: longer than any pause that the package should recover from
RECEIVE_BYTES = 1 << 18  # about a frame of 720x960: a few calls a frame
POLL_S = 0.1  # how long threads outlive the end


class Relay:
    """A context manager; clients find usbmuxd at `address` as others find it at the one given.

    `held_bytes` is what came and is not taken yet, of the connection that last carried any.

    Threads: one accepts connections, one carries the bytes of each; they block on their sockets, POLL_S at most.
    """

    def __init__(self, usbmuxd: str) -> None:
        self._usbmuxd = usbmuxd
        self._folder = tempfile.TemporaryDirectory(prefix="lidarlive-", ignore_cleanup_errors=True)
        self.address = fresh_address(Path(self._folder.name))
        self.held_bytes = 0
        self._ended = threading.Event()
        self._accepting = threading.Thread(target=self._accept, args=(listen(self.address),), name="relay", daemon=True)

    def __enter__(self) -> Relay:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._accepting.join()
        self._folder.cleanup()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            listener.settimeout(POLL_S)
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    client, _ = listener.accept()
                    threading.Thread(target=self._serve, args=(client,), name="relayed", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Carry one client's bytes both ways until either side is gone; what the other has not taken yet is sent on."""
        with client:
            try:
                with open_socket(self._usbmuxd) as usbmuxd:
                    self._carry(client, usbmuxd)
            except (LidarliveError, OSError):  # the client sees its connection end, and the driver asks usbmuxd why
                return
            finally:
                self.held_bytes = 0

    def _carry(self, client: socket.socket, usbmuxd: socket.socket) -> None:
        client.setblocking(False)
        usbmuxd.setblocking(False)
        ways = (_Way(client, usbmuxd), _Way(usbmuxd, client))
        while not self._ended.is_set() and not any(way.finished for way in ways):
            sources = [way.source for way in ways if way.has_room]
            sinks = [way.sink for way in ways if way.held]
            readable, writable, _ = select.select(sources, sinks, [], POLL_S)
            for way in ways:
                if way.source in readable:
                    way.receive()
                if way.sink in writable:
                    way.send()
            self.held_bytes = sum(way.held_bytes for way in ways)


class _Way:
    """Bytes on their way from one socket to another; at most HELD_BYTES and one piece of them."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source, self.sink = source, sink
        self.held: deque[memoryview] = deque()
        self.held_bytes = 0
        self._ended = False

    @property
    def has_room(self) -> bool:
        return not self._ended and self.held_bytes < HELD_BYTES

    @property
    def finished(self) -> bool:
        """Whether no more can come and all is sent."""
        return self._ended and not self.held

    def receive(self) -> None:
        data = self.source.recv(RECEIVE_BYTES)
        if data:
            self.held.append(memoryview(data))
            self.held_bytes += len(data)
        else:
            self._ended = True

    def send(self) -> None:
        sent = self.sink.send(self.held[0])
        self.held_bytes -= sent
        self.held[0] = self.held[0][sent:]
        if not self.held[0]:
            self.held.popleft()
