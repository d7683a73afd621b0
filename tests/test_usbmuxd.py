"""Asking usbmuxd: what is not there, and what is not usbmuxd, is said in one line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from capture.frame import CaptureError
from capture.usbmuxd import HEADER, default_address, list_devices, receive_message, send_message


def serve_once(path: Path, answer: Callable[[socket.socket], None]) -> str:
    """A daemon for one connection that is not to be trusted; its address."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)

    def run() -> None:
        connection, _ = server.accept()
        with connection, server:
            answer(connection)

    threading.Thread(target=run, daemon=True).start()
    return f"UNIX:{path}"


def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no usbmuxd at UNIX:"):
        list_devices(f"UNIX:{tmp_path}/nobody")
    with pytest.raises(CaptureError, match=r"no usbmuxd at 127\.0\.0\.1:1"):
        list_devices("127.0.0.1:1")


@pytest.mark.parametrize("address", ["nonsense", "host:port"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(CaptureError, match=f"Received: '{address}'"):
        list_devices(address)


def test_the_environment_names_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", "UNIX:/some/where")
    assert default_address() == "UNIX:/some/where"


def test_phones_on_usb_are_listed_and_those_on_wifi_are_not(tmp_path: Path) -> None:
    def answer(connection: socket.socket) -> None:
        assert receive_message(connection)["MessageType"] == "ListDevices"
        phones = [
            {"DeviceID": 3, "Properties": {"ConnectionType": "USB", "SerialNumber": "abc", "ProductID": 4776}},
            {"DeviceID": 4, "Properties": {"ConnectionType": "Network", "SerialNumber": "abc"}},
        ]
        send_message(connection, {"DeviceList": phones})

    (device,) = list_devices(serve_once(tmp_path / "socket", answer))
    assert (device.device_id, device.serial, device.product_id) == (3, "abc", 4776)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a plist"),
        (HEADER.pack(0xFFFFFFFF, 1, 8, 1), "not a plist"),
        (HEADER.pack(20, 1, 8, 1) + b"<no>", "broken plist"),
    ],
)
def test_nonsense_for_an_answer(tmp_path: Path, data: bytes, message: str) -> None:
    def answer(connection: socket.socket) -> None:
        receive_message(connection)
        connection.sendall(data)

    with pytest.raises(CaptureError, match=message):
        list_devices(serve_once(tmp_path / "socket", answer))
