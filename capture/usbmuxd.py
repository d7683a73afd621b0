"""What usbmuxd says, asked directly: is the daemon there, and which phones are plugged in.

The `record3d` package asks the same with the GIL held and without a time-out; asking here first tells apart "no
usbmuxd", "no phone" and "a phone", and never hangs.

Protocol: a message is 16 bytes little-endian (length, version 1, type 8 = plist, tag), then an XML plist
(usbmuxd's own `usbmuxd-proto.h`).
"""

from __future__ import annotations

import os
import plistlib
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any

from capture.frame import CaptureError

ADDRESS_VARIABLE = "USBMUXD_SOCKET_ADDRESS"
ANSWER_TIMEOUT_S = 3.0
MAX_MESSAGE_BYTES = 1 << 20  # a list of a thousand phones is 400 kB
HEADER = struct.Struct("<IIII")
PLIST_VERSION, PLIST_TYPE = 1, 8
RESULT_OK, RESULT_REFUSED = 0, 3

INSTALL_HINT = {
    "linux": "install it with: sudo apt-get install usbmuxd",
    "darwin": "it is part of macOS: restart the computer",
    "win32": "install iTunes or the Apple Devices app, then start it once",
}.get(sys.platform, "install usbmuxd")

HOW_TO_STREAM = (
    "in the Record3D app choose Settings > Live RGBD Video Streaming > USB, then press the red record button"
)
NOT_STREAMING = f"the phone is connected, but its app is not streaming: {HOW_TO_STREAM}"


@dataclass(frozen=True)
class Device:
    """A phone that usbmuxd lists."""

    device_id: int
    serial: str
    product_id: int


def default_address() -> str:
    """Where usbmuxd listens: `UNIX:/path` or `host:port`, as USBMUXD_SOCKET_ADDRESS says or the system's own."""
    system = "127.0.0.1:27015" if sys.platform == "win32" else "UNIX:/var/run/usbmuxd"
    return os.environ.get(ADDRESS_VARIABLE) or system


def open_socket(address: str, timeout_s: float = ANSWER_TIMEOUT_S) -> socket.socket:
    """A connected socket. Raises CaptureError where nobody listens at `address` or it cannot be understood."""
    try:
        if address.upper().startswith("UNIX:"):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(timeout_s)
            connection.connect(address[len("UNIX:") :])
            return connection
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout_s)
    except ValueError:
        raise CaptureError(f"{ADDRESS_VARIABLE} must be UNIX:/path or host:port. Received: {address!r}") from None
    except (OSError, AttributeError) as error:
        raise CaptureError(f"no usbmuxd at {address} ({error}); {INSTALL_HINT}") from error


def send_message(connection: socket.socket, message: dict[str, Any], tag: int = 1) -> None:
    body = plistlib.dumps(message)
    connection.sendall(HEADER.pack(HEADER.size + len(body), PLIST_VERSION, PLIST_TYPE, tag) + body)


def receive_message(connection: socket.socket) -> dict[str, Any]:
    """The next plist message. Raises CaptureError where it is not one, or the connection ends."""
    length, version, kind, _ = HEADER.unpack(_receive_exactly(connection, HEADER.size))
    if version != PLIST_VERSION or kind != PLIST_TYPE or not HEADER.size <= length <= MAX_MESSAGE_BYTES:
        raise CaptureError(f"usbmuxd answered with a message that is not a plist (length {length}, type {kind})")
    try:
        message = plistlib.loads(_receive_exactly(connection, length - HEADER.size))
    except (plistlib.InvalidFileException, ValueError, OverflowError) as error:
        raise CaptureError(f"usbmuxd answered with a broken plist: {error}") from error
    if not isinstance(message, dict):
        raise CaptureError(f"usbmuxd must answer with a dictionary. Received: {type(message).__name__}")
    return message


def list_devices(address: str | None = None) -> list[Device]:
    """Phones on USB. Raises CaptureError where usbmuxd is not there or answers nonsense."""
    address = address or default_address()
    with open_socket(address) as connection:
        try:
            send_message(connection, {"MessageType": "ListDevices", "ClientVersionString": "lidarlive"})
            answer = receive_message(connection)
        except OSError as error:
            raise CaptureError(f"usbmuxd at {address} does not answer ({error}); restart it") from error
    devices = []
    for entry in answer.get("DeviceList", []):
        properties = entry.get("Properties", {})
        if properties.get("ConnectionType") == "USB":
            devices.append(
                Device(int(entry["DeviceID"]), str(properties["SerialNumber"]), int(properties.get("ProductID", 0)))
            )
    return devices


def open_tunnel(device: Device, port: int, address: str | None = None) -> socket.socket:
    """A socket to `port` on the phone. Raises CaptureError where the phone is gone or nobody listens there."""
    connection = open_socket(address or default_address())
    try:
        # The port goes in network byte order, inside a field that is not.
        message = {"MessageType": "Connect", "DeviceID": device.device_id, "PortNumber": socket.htons(port)}
        send_message(connection, {**message, "ClientVersionString": "lidarlive"})
        number = receive_message(connection).get("Number")
        if number == RESULT_REFUSED:
            raise CaptureError(NOT_STREAMING)
        if number != RESULT_OK:
            raise CaptureError(f"the phone cannot be connected to (usbmuxd says {number}): plug it in again")
    except OSError as error:
        connection.close()
        raise CaptureError(f"usbmuxd does not answer ({error}); restart it") from error
    except CaptureError:
        connection.close()
        raise
    return connection


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise CaptureError("usbmuxd closed the connection in the middle of its answer")
        data += part
    return bytes(data)
