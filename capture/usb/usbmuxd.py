"""Client of usbmuxd: is the daemon running, which phones are plugged in, does a phone trust the computer.

The `record3d` package asks the same with the GIL held and without a time-out. Asking here first distinguishes "no
usbmuxd", "no phone" and "a phone", and never hangs: an answer must be complete within `timeout_s`.

Protocol: a message is 16 bytes little-endian (length, version 1, type 8 = plist, tag), then an XML plist
(usbmuxd's own `usbmuxd-proto.h`). ReadPairRecord as in usbmuxd's `src/client.c`, `send_pair_record`: the answer
contains PairRecordData, or is a Result with ENOENT; the record is named by the phone's UDID in the form that
libusbmuxd's `sanitize_udid` produces.
"""

from __future__ import annotations

import errno
import os
import plistlib
import shutil
import socket
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from capture.errors import LidarliveError
from capture.usb.remedies import Problem, remedy

ADDRESS_VARIABLE = "USBMUXD_SOCKET_ADDRESS"
ANSWER_TIMEOUT_S = 3.0
MAX_MESSAGE_BYTES = 1 << 20  # a list of a thousand phones is 400 kB
HEADER = struct.Struct("<IIII")
PLIST_VERSION, PLIST_TYPE = 1, 8
RESULT_OK, RESULT_REFUSED = 0, 3
SHORT_UDID_LENGTH = 24  # phones since 2018; usbmuxd before 1.1.1 lists them without the hyphen after the eighth digit
SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/sbin"  # Linux's folders of daemons, which a user's PATH may lack

HOW_TO_STREAM = remedy(Problem.NOT_STREAMING)
NO_STREAM = "the phone is connected, but its app is not streaming"
NOT_STREAMING = f"{NO_STREAM}: {HOW_TO_STREAM}"


class UsbmuxdError(LidarliveError):
    """A connection problem; `symptom` is what was observed. The message ends in the remedy for this computer."""

    def __init__(self, symptom: str, problem: Problem) -> None:
        super().__init__(f"{symptom}: {remedy(problem)}")
        self.symptom, self.problem = symptom, problem


@dataclass(frozen=True)
class Device:
    """A phone that usbmuxd lists."""

    device_id: int
    serial: str
    product_id: int = 0
    over_usb: bool = True

    @property
    def udid(self) -> str:
        """Name of its pair record."""
        if len(self.serial) == SHORT_UDID_LENGTH and "-" not in self.serial:
            return f"{self.serial[:8]}-{self.serial[8:]}"
        return self.serial


def system_address() -> str:
    """Return the address of this system's own usbmuxd: `UNIX:/path` or `host:port`."""
    return "127.0.0.1:27015" if sys.platform == "win32" else "UNIX:/var/run/usbmuxd"


def default_address() -> str:
    """Return the address of usbmuxd: USBMUXD_SOCKET_ADDRESS, else the system's own."""
    return os.environ.get(ADDRESS_VARIABLE) or system_address()


def socket_path(address: str) -> Path | None:
    """Return the path of a `UNIX:/path` address; None if it is `host:port`."""
    return Path(address[len("UNIX:") :]) if address.upper().startswith("UNIX:") else None


def open_socket(address: str, timeout_s: float = ANSWER_TIMEOUT_S) -> socket.socket:
    """Return a socket connected to `address`. Raises UsbmuxdError if nobody listens there or it is malformed."""
    path = socket_path(address)
    try:
        if path is None:
            host, _, port = address.rpartition(":")
            return socket.create_connection((host.strip("[]"), int(port)), timeout_s)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
        except BaseException:
            connection.close()
            raise
        return connection
    except (ValueError, OverflowError):
        symptom = f"{ADDRESS_VARIABLE} must be UNIX:/path or host:port. Received: {address!r}"
        raise UsbmuxdError(symptom, Problem.BAD_ADDRESS) from None
    except (OSError, AttributeError) as error:  # AttributeError: this system has no unix sockets
        raise UsbmuxdError(f"no usbmuxd at {address} ({_reason(error)})", _problem(error, address)) from error


def send_message(connection: socket.socket, message: dict[str, Any], tag: int = 1) -> None:
    body = plistlib.dumps(message)
    connection.sendall(HEADER.pack(HEADER.size + len(body), PLIST_VERSION, PLIST_TYPE, tag) + body)


def receive_message(connection: socket.socket, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
    """Receive the next plist message completely within `timeout_s`; changes the connection's own time-out.

    Raises UsbmuxdError if it is no plist message, OSError if the connection ends or the time runs out.
    """
    deadline_s = time.monotonic() + timeout_s
    length, version, kind, _ = HEADER.unpack(_receive_exactly(connection, HEADER.size, deadline_s))
    if version != PLIST_VERSION or kind != PLIST_TYPE or not HEADER.size <= length <= MAX_MESSAGE_BYTES:
        symptom = f"usbmuxd answered with a message that is not a plist (length {length}, type {kind})"
        raise UsbmuxdError(symptom, Problem.NOT_USBMUXD)
    body = _receive_exactly(connection, length - HEADER.size, deadline_s)
    try:
        message = plistlib.loads(body, fmt=plistlib.FMT_XML)
    except (ValueError, ExpatError, AttributeError, LookupError, TypeError, OverflowError) as error:
        raise UsbmuxdError(f"usbmuxd answered with a broken plist ({error})", Problem.NOT_USBMUXD) from error
    if not isinstance(message, dict):
        symptom = f"usbmuxd must answer with a dictionary. Received: {type(message).__name__}"
        raise UsbmuxdError(symptom, Problem.NOT_USBMUXD)
    return message


def list_devices(address: str | None = None) -> list[Device]:
    """Return the phones on USB. Raises UsbmuxdError if usbmuxd is not running or its answer is malformed."""
    return [device for device in list_all_devices(address) if device.over_usb]


def list_all_devices(address: str | None = None, timeout_s: float = ANSWER_TIMEOUT_S) -> list[Device]:
    """Return the phones on USB and on the network. Raises UsbmuxdError like `list_devices`."""
    answer = _answer({"MessageType": "ListDevices"}, address or default_address(), timeout_s)
    try:
        return [_device(entry) for entry in answer.get("DeviceList", [])]
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise UsbmuxdError(f"usbmuxd listed a malformed device ({error!r})", Problem.NOT_USBMUXD) from error


def has_pair_record(device: Device, address: str | None = None, timeout_s: float = ANSWER_TIMEOUT_S) -> bool | None:
    """Return whether the computer has the keys that a phone hands out on Trust; None if this usbmuxd cannot answer.

    The keys themselves are private and not read. Raises UsbmuxdError like `list_devices`.
    """
    request = {"MessageType": "ReadPairRecord", "PairRecordID": device.udid}
    answer = _answer(request, address or default_address(), timeout_s)
    if "PairRecordData" in answer:
        return True
    return False if answer.get("Number") == errno.ENOENT else None


def open_tunnel(
    device: Device, port: int, address: str | None = None, timeout_s: float = ANSWER_TIMEOUT_S
) -> socket.socket:
    """Return a socket connected to `port` on the phone; the caller sets its time-out.

    Raises UsbmuxdError if the phone was unplugged or nothing listens there.
    """
    # The port goes in network byte order, inside a field that is not.
    request = {"MessageType": "Connect", "DeviceID": device.device_id, "PortNumber": socket.htons(port)}
    connection, answer = _send_request(request, address or default_address(), timeout_s)
    number = answer.get("Number")
    if number == RESULT_OK:
        return connection
    connection.close()
    if number == RESULT_REFUSED:
        raise UsbmuxdError(NO_STREAM, Problem.NOT_STREAMING)
    raise UsbmuxdError(f"cannot connect to the phone (usbmuxd's result: {number})", Problem.UNPLUGGED)


def _answer(request: dict[str, Any], address: str, timeout_s: float) -> dict[str, Any]:
    """Send one request on a connection of its own and return the answer."""
    connection, answer = _send_request(request, address, timeout_s)
    connection.close()
    return answer


def _send_request(request: dict[str, Any], address: str, timeout_s: float) -> tuple[socket.socket, dict[str, Any]]:
    """Connect and send a request. Returns the open connection and the answer, both within `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    connection = open_socket(address, timeout_s)
    try:
        send_message(connection, {**request, "ClientVersionString": "lidarlive"})
        return connection, receive_message(connection, deadline_s - time.monotonic())
    except OSError as error:
        connection.close()
        problem = Problem.HUNG if address == system_address() else Problem.NOT_AT_ADDRESS
        raise UsbmuxdError(f"usbmuxd at {address} does not answer ({_reason(error)})", problem) from error
    except BaseException:
        connection.close()
        raise


def _device(entry: dict[str, Any]) -> Device:
    properties = entry.get("Properties", {})
    serial, product_id = str(properties["SerialNumber"]), int(properties.get("ProductID", 0))
    return Device(int(entry["DeviceID"]), serial, product_id, properties.get("ConnectionType") == "USB")


def _receive_exactly(connection: socket.socket, size: int, deadline_s: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        connection.settimeout(left_s)
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionResetError("it closed the connection in the middle of its answer")
        data += part
    return bytes(data)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _problem(error: Exception, address: str) -> Problem:
    """Return why the connection to `address` failed."""
    if address != system_address():
        return Problem.NOT_AT_ADDRESS
    if isinstance(error, PermissionError):
        return Problem.DENIED
    if isinstance(error, TimeoutError | BlockingIOError):  # BlockingIOError: its queue of connections is full
        return Problem.HUNG
    if isinstance(error, ConnectionRefusedError) and socket_path(address) is not None:
        return Problem.STALE
    installed = shutil.which("usbmuxd") or shutil.which("usbmuxd", path=SYSTEM_PATH)
    return Problem.NOT_STARTED if installed else Problem.NOT_INSTALLED
