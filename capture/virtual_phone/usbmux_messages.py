"""Server side of usbmuxd's plist protocol, as far as our clients use it: ListDevices, Connect and ReadPairRecord.

Messages and result numbers are those of libusbmuxd (include/usbmuxd-proto.h); the other side is `capture.usb.usbmuxd`.
"""

from __future__ import annotations

import errno
import plistlib
import socket
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from xml.parsers.expat import ExpatError

from capture.usb.usbmuxd import HEADER, PLIST_TYPE, PLIST_VERSION, send_message

MAX_REQUEST_BYTES = 64 << 10  # the longest request of a client is under a kilobyte
PRODUCT_ID = 0x12A8  # of iPhones on USB


class UsbmuxResult(IntEnum):
    OK = 0
    BAD_COMMAND = 1
    BAD_DEVICE = 2
    CONNECTION_REFUSED = 3
    NO_RECORD = errno.ENOENT  # also 2: answers about pair records use the system's error numbers


@dataclass(frozen=True)
class Request:
    """A request; its `tag` is repeated in the answer."""

    tag: int
    message: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.message.get("MessageType"))

    @property
    def port(self) -> int:
        """Port of a Connect, or 0. It is sent in network byte order, inside a plist integer."""
        number = self.message.get("PortNumber")
        if not isinstance(number, int) or not 0 <= number < 1 << 16:
            return 0
        return int.from_bytes(number.to_bytes(2, "little"), "big")


def receive_request(connection: socket.socket) -> Request | None:
    """Receive the next request; None if the client has closed. Raises ValueError if it is not a plist message."""
    head = _receive(connection, HEADER.size)
    if not head:
        return None
    length, version, kind, tag = HEADER.unpack(head)
    if (version, kind) != (PLIST_VERSION, PLIST_TYPE) or not HEADER.size < length <= MAX_REQUEST_BYTES:
        raise ValueError(f"must be a usbmuxd plist message. Received: length {length}, version {version}, type {kind}")
    try:
        message = plistlib.loads(_receive(connection, length - HEADER.size), fmt=plistlib.FMT_XML)
    except (ValueError, ExpatError, AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"a usbmuxd message with a broken plist: {error}") from error
    if not isinstance(message, dict):
        raise ValueError(f"a usbmuxd message must be a dictionary. Received: {type(message).__name__}")
    return Request(tag, message)


def answer(connection: socket.socket, request: Request, message: dict[str, Any]) -> None:
    send_message(connection, message, request.tag)


def result(number: UsbmuxResult) -> dict[str, Any]:
    return {"MessageType": "Result", "Number": int(number)}


def device_list(serials: list[str]) -> dict[str, Any]:
    """Return the answer to a ListDevices: the plugged-in phones, numbered from 1."""
    return {
        "DeviceList": [
            {
                "DeviceID": device_id,
                "MessageType": "Attached",
                "Properties": {
                    "ConnectionType": "USB",
                    "DeviceID": device_id,
                    "LocationID": 0,
                    "ProductID": PRODUCT_ID,
                    "SerialNumber": serial,
                },
            }
            for device_id, serial in enumerate(serials, start=1)
        ]
    }


def pair_record(request: Request, known: list[str]) -> dict[str, Any]:
    """Return the answer to a ReadPairRecord: the pair record of a phone, if its serial is in `known`.

    As in usbmuxd (src/client.c, `send_pair_record`): `PairRecordData` with the record's plist, or a Result with ENOENT
    if there is none, as before the user tapped Trust. This record contains no usable keys.
    """
    serial = request.message.get("PairRecordID")
    if serial not in known:
        return result(UsbmuxResult.NO_RECORD)
    return {"PairRecordData": plistlib.dumps({"HostID": "LIDARLIVE-STAND-IN-HOST", "SystemBUID": "LIDARLIVE-STAND-IN"})}


def _receive(connection: socket.socket, size: int) -> bytes:
    """Receive `size` bytes, or none if the connection ends before them. Raises ValueError if it ends in between."""
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            if data:
                raise ValueError(f"a usbmuxd message of {size} bytes cut short. Received: {len(data)}")
            return b""
        data += part
    return bytes(data)
