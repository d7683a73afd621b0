"""Buffer between the phone and the `record3d` package: reads the phone's bytes as fast as they arrive.

    phone ─ usbmuxd ─► Relay (this process) ─► record3d (child process)

The package reads no bytes while it decodes a frame, and a phone whose bytes are not read drops frames. With the relay,
a computer that is busy for a moment is only late. Of the phone's stream it passes on whole messages only, and none that
the package cannot survive (`capture.protocol.gate`).
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from capture.errors import LidarliveError
from capture.protocol.gate import StreamGate
from capture.sources.record3d.tunnel import Tunnel
from capture.usb.local_socket import fresh_address, listen
from capture.usb.usbmuxd import open_socket

HELD_BYTES = 32 << 20  # 2 s of 720x960 at 60 fps: longer than any pause that the package should recover from
RECEIVE_BYTES = 1 << 18  # about a frame of 720x960: a few calls per frame
POLL_S = 0.1  # how long threads may outlive the relay


class Relay:
    """Proxy of usbmuxd at `address`, for clients that would connect to usbmuxd itself; a context manager.

    `held_bytes` is the number of bytes received from usbmuxd and not yet read by the client. `gate`: what the phone's
    stream passes through.

    Threads: one accepts connections, one per connection copies its bytes; they block on sockets, at most POLL_S.
    """

    def __init__(self, usbmuxd: str) -> None:
        self._usbmuxd = usbmuxd
        self._folder = tempfile.TemporaryDirectory(prefix="lidarlive-", ignore_cleanup_errors=True)
        self.address = fresh_address(Path(self._folder.name))
        self.held_bytes = 0
        self.gate = StreamGate()
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
        """Copy one client's bytes both ways until either side hangs up; buffered bytes are still delivered."""
        with client:
            try:
                with open_socket(self._usbmuxd) as usbmuxd:
                    self._copy(client, usbmuxd)
            except (LidarliveError, OSError):  # the client's connection ends, and the driver asks usbmuxd why
                return
            finally:
                self.held_bytes = 0

    def _copy(self, client: socket.socket, usbmuxd: socket.socket) -> None:
        client.setblocking(False)
        usbmuxd.setblocking(False)
        tunnel = Tunnel()
        up, down = _Direction(client, usbmuxd, tunnel.ask), _Direction(usbmuxd, client, tunnel.answer)
        with selectors.DefaultSelector() as selector:
            while not self._ended.is_set() and not (up.finished or down.finished):
                _watch(selector, client, inbound=up, outbound=down)
                _watch(selector, usbmuxd, inbound=down, outbound=up)
                ready = {key.fileobj: events for key, events in selector.select(POLL_S)}
                for direction in (up, down):
                    if ready.get(direction.source, 0) & selectors.EVENT_READ:
                        direction.receive()
                        self.gate = tunnel.gate or self.gate
                        if tunnel.is_unreadable:
                            down.end()
                    if ready.get(direction.sink, 0) & selectors.EVENT_WRITE:
                        direction.send()
                self.held_bytes = up.held_bytes + down.held_bytes


def _watch(
    selector: selectors.BaseSelector, connection: socket.socket, inbound: _Direction, outbound: _Direction
) -> None:
    """Register `connection` for what it can be used for now: reading while there is room, writing while bytes wait."""
    events = (selectors.EVENT_READ if inbound.has_room else 0) | (selectors.EVENT_WRITE if outbound.held else 0)
    key = selector.get_map().get(connection)
    if key is None:
        if events:
            selector.register(connection, events)
    elif not events:
        selector.unregister(connection)
    elif key.events != events:
        selector.modify(connection, events)


class _Direction:
    """Buffer of bytes from one socket to another, passed through `change`; at most HELD_BYTES and one piece."""

    def __init__(self, source: socket.socket, sink: socket.socket, change: Callable[[bytes], list[bytes]]) -> None:
        self.source, self.sink, self._change = source, sink, change
        self.held: deque[memoryview] = deque()
        self.held_bytes = 0
        self._ended = False

    @property
    def has_room(self) -> bool:
        return not self._ended and self.held_bytes < HELD_BYTES

    @property
    def finished(self) -> bool:
        """Whether the source has ended and everything is sent."""
        return self._ended and not self.held

    def receive(self) -> None:
        data = self.source.recv(RECEIVE_BYTES)
        self._ended = not data
        for piece in self._change(data) if data else []:
            self.held.append(memoryview(piece))
            self.held_bytes += len(piece)

    def end(self) -> None:
        """Receive no more; what is held is still sent."""
        self._ended = True

    def send(self) -> None:
        sent = self.sink.send(self.held[0])
        self.held_bytes -= sent
        self.held[0] = self.held[0][sent:]
        if not self.held[0]:
            self.held.popleft()
