"""Driver `native`: reads the phone with our own parser, which keeps the phone's JPEG and needs no package."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator, Iterator

from capture import clock
from capture.frame import Frame
from capture.protocol.depth_damage import DepthDamageDetector, DepthDamageError
from capture.protocol.parser import DamagedMessage, StreamParser, WireFrame, decode_frame
from capture.protocol.wire import RECORD3D_PORT
from capture.sources.phone import POLL_S, SILENCE_S, PhoneSource
from capture.usb.usbmuxd import Device, open_tunnel

RECEIVE_BYTES = 1 << 18  # about a frame of 720x960: a few calls a frame


class NativeSource(PhoneSource):
    """Frames of one phone through our own parser; the iterating thread both receives and decodes."""

    name = "native"

    def _one_connection(self, phone: Device) -> Generator[Frame]:
        with open_tunnel(phone, RECORD3D_PORT, self._address) as tunnel:
            tunnel.settimeout(POLL_S)
            self._note_connected()
            receiver, detector = StreamParser(), DepthDamageDetector()
            try:
                for data, received_ns in self._receive(tunnel):
                    for message in receiver.feed(data):
                        frame = self._decode(message, received_ns, detector)
                        if frame is not None:
                            yield frame
            except ValueError as error:  # not, or no longer, a Record3D stream
                self._arrived.unreadable(str(error))
                self._note_end(str(error))

    def _receive(self, tunnel: socket.socket) -> Iterator[tuple[bytes, int]]:
        """Yield bytes and their arrival time until the phone hangs up or completes no message for SILENCE_S."""
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
                self._note_hang_up(f"the connection broke ({error.strerror})")
                return
            if not data:
                self._note_hang_up("the phone closed the stream")
                return
            self._arrived.received(len(data))
            yield data, clock.now_ns()

    def _decode(
        self, message: WireFrame | DamagedMessage, received_ns: int, detector: DepthDamageDetector
    ) -> Frame | None:
        """Decode a message; None, counted as lost, if it is no intact frame or repeats the previous depth."""
        index, self._next_index = self._next_index, self._next_index + 1
        try:
            if isinstance(message, WireFrame):
                return decode_frame(message, index, received_ns, detector)
            self._note_refused(message.kind, message.reason)
        except DepthDamageError as error:
            self._arrived.refused("damaged", str(error))
            self.count_lost(error.cause, 1)
        except ValueError as error:  # the next message may be intact
            self._note_refused("damaged", str(error))
        return None
