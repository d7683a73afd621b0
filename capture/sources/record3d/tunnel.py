"""Follow a connection to usbmuxd up to where it becomes the tunnel to the phone's app, and guard the stream there.

client ──ask──► usbmuxd        requests, plist messages (`capture.usb.usbmuxd`)
client ◄─answer── usbmuxd      their answers; after the one that grants a Connect, the app's stream
"""

from __future__ import annotations

import plistlib
from xml.parsers.expat import ExpatError

from capture.protocol.gate import StreamGate
from capture.usb.usbmuxd import HEADER, MAX_MESSAGE_BYTES, RESULT_OK

CONNECT = b"<string>Connect</string>"  # as libusbmuxd writes the type of the request
MAX_REQUEST_BYTES = 4 << 10  # requests have some 500 bytes


class Tunnel:
    """Filter of one connection: passes on usbmuxd's own bytes, and of the app's stream what the package survives."""

    def __init__(self) -> None:
        self._request, self._answer = bytearray(), bytearray()
        self.gate: StreamGate | None = None  # once the app's stream has begun
        self._is_plain = False  # nothing to guard: no answer to a Connect

    @property
    def is_unreadable(self) -> bool:
        """Whether the app's stream is none: then hang up."""
        return self.gate is not None and bool(self.gate.counts.unreadable)

    def ask(self, data: bytes) -> list[bytes]:
        """Pass on a part of a request."""
        if len(self._request) < MAX_REQUEST_BYTES:
            self._request += data
        return [data]

    def answer(self, data: bytes) -> list[bytes]:
        """Pass on a part of an answer, or of the app's stream."""
        if self.gate is not None:
            return self.gate.feed(data)
        if self._is_plain or CONNECT not in self._request:
            return [data]
        self._answer += data
        if len(self._answer) < HEADER.size:
            return [data]
        length = HEADER.unpack_from(self._answer)[0]
        if length > MAX_MESSAGE_BYTES:
            self._is_plain = True
        elif len(self._answer) >= length:
            granted, stream = _is_grant(bytes(self._answer[HEADER.size : length])), bytes(self._answer[length:])
            self._answer.clear()
            if granted:
                self.gate = StreamGate()
                return [data[: len(data) - len(stream)], *self.gate.feed(stream)]
            self._is_plain = True
        return [data]


def _is_grant(body: bytes) -> bool:
    try:
        message = plistlib.loads(body, fmt=plistlib.FMT_XML)
    except (ValueError, ExpatError, AttributeError, LookupError, TypeError, OverflowError):
        return False
    return isinstance(message, dict) and message.get("Number") == RESULT_OK
