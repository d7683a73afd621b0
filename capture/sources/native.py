"""The phone through our own parser: it keeps the phone's own JPEG, and needs no package (macOS has none)."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator, Iterator

from capture.frame import Frame
from capture.protocol.depth_damage import DepthFlawError, DepthFlaws
from capture.protocol.parser import Damaged, Receiver, WireFrame, decoded
from capture.protocol.wire import RECORD3D_PORT
from capture.sources.phone import POLL_S, SILENCE_S, PhoneSource
from capture.usb.usbmuxd import Device, open_tunnel

RECEIVE_BYTES = 1 << 18  # about a frame of 720x960: a few calls a frame


class NativeSource(PhoneSource):
    """Frames straight from the tunnel, in this thread: receiving and decoding take turns."""

    name = "native"

    def _one_connection(self, phone: Device) -> Generator[Frame]:
        with open_tunnel(phone, RECORD3D_PORT, self._address) as tunnel:
            tunnel.settimeout(POLL_S)
            self._note_connected()
            receiver, flaws = Receiver(), DepthFlaws()
            try:
                for data, received_ns in self._received(tunnel):
                    for message in receiver.feed(data):
                        frame = self._decoded(message, received_ns, flaws)
                        if frame is not None:
                            yield frame
            except ValueError as error:  # what comes is no such stream, or no longer
                self._note_end(str(error))

    def _received(self, tunnel: socket.socket) -> Iterator[tuple[bytes, int]]:
        """Bytes and when they came, until the phone is gone or sends no whole message for SILENCE_S."""
        first_index, deadline_s = self._next_index, time.monotonic() + SILENCE_S
        while not self.closed:
            if self._next_index != first_index:
                first_index, deadline_s = self._next_index, time.monotonic() + SILENCE_S
            elif time.monotonic() > deadline_s:
                self._note_end("the phone sends nothing")
                return
            try:
                data = tunnel.recv(RECEIVE_BYTES)
            except TimeoutError:
                continue
            except OSError as error:
                self._note_end(f"the connection broke ({error.strerror})")
                return
            if not data:
                self._note_end("the phone closed the stream")
                return
            yield data, time.perf_counter_ns()

    def _decoded(self, message: WireFrame | Damaged, received_ns: int, flaws: DepthFlaws) -> Frame | None:
        """The frame in a message; None where it is damaged or holds no new depth, which is counted."""
        index, self._next_index = self._next_index, self._next_index + 1
        try:
            if isinstance(message, WireFrame):
                return decoded(message, index, received_ns, flaws)
            self.count_lost("corrupt", 1)
        except DepthFlawError as error:
            self.count_lost(error.cause, 1)
        except ValueError:  # the next message may be whole
            self.count_lost("corrupt", 1)
        return None
