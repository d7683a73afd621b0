"""The phone through our own parser: where `record3d` does not install (macOS) the only way."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from capture.frame import RECORD3D_PORT, Frame
from capture.phone_source import POLL_S, SILENCE_S, PhoneSource
from capture.receiver import Receiver, WireFrame, decoded
from capture.usbmuxd import Device, open_tunnel

RECEIVE_BYTES = 1 << 18  # about a frame of 720x960: a few calls a frame


class NativeSource(PhoneSource):
    """Frames straight from the tunnel, in this thread: receiving and decoding take turns."""

    def _one_connection(self, phone: Device) -> Iterator[Frame]:
        with open_tunnel(phone, RECORD3D_PORT, self._address) as tunnel:
            tunnel.settimeout(POLL_S)
            self._note_connected()
            yield from self._frames(tunnel, Receiver())

    def _frames(self, tunnel: socket.socket, receiver: Receiver) -> Iterator[Frame]:
        deadline_s = time.monotonic() + SILENCE_S
        while not self.closed:
            try:
                data = tunnel.recv(RECEIVE_BYTES)
            except TimeoutError:
                if time.monotonic() > deadline_s:
                    self._note_end("the phone sends nothing")
                    return
                continue
            except OSError as error:
                self._note_end(f"the connection broke ({error.strerror})")
                return
            if not data:
                self._note_end("the phone closed the stream")
                return
            deadline_s = time.monotonic() + SILENCE_S
            received_ns = time.perf_counter_ns()
            try:
                for message in receiver.feed(data):
                    index, self._next_index = self._next_index, self._next_index + 1
                    frame = self._decoded(message, index, received_ns) if isinstance(message, WireFrame) else None
                    if frame is None:
                        self.count_lost("corrupt", 1)
                    else:
                        yield frame
            except ValueError as error:
                self._note_end(str(error))
                return

    def _decoded(self, message: WireFrame, index: int, received_ns: int) -> Frame | None:
        try:
            return decoded(message, index, received_ns)
        except ValueError:  # counted by the caller; the next message may be whole
            return None
