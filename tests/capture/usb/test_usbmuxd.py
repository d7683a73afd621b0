"""The usbmuxd client: every failure gives one clear line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capture.errors import LidarliveError
from capture.usb.remedies import Problem
from capture.usb.usbmuxd import (
    HEADER,
    Device,
    UsbmuxdError,
    default_address,
    has_pair_record,
    list_all_devices,
    list_devices,
    receive_message,
    send_message,
)
from tests.support.fake_usbmuxd import ENDLESS, NO_RECORD, TRUSTED, FakeUsbmuxd, slowly


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


def test_no_usbmuxd(tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match="no usbmuxd at UNIX:"):
        list_devices(f"UNIX:{tmp_path}/nobody")
    with pytest.raises(LidarliveError, match=r"no usbmuxd at 127\.0\.0\.1:1"):
        list_devices("127.0.0.1:1")


@pytest.mark.parametrize("address", ["nonsense", "host:port"])
def test_malformed_addresses(address: str) -> None:
    with pytest.raises(LidarliveError, match=f"Received: '{address}'"):
        list_devices(address)


def test_the_environment_sets_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
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
    ("answer", "record"), [(TRUSTED, True), (NO_RECORD, False), ({"MessageType": "Result", "Number": 1}, None)]
)
def test_the_pair_record_of_a_phone(tmp_path: Path, answer: dict[str, Any], record: bool | None) -> None:
    device = Device(1, "00008110001A2B3C4D5E6F70")
    with FakeUsbmuxd(tmp_path, ReadPairRecord=answer) as usbmuxd:
        assert has_pair_record(device, usbmuxd.address) is record
        assert usbmuxd.asked[0]["PairRecordID"] == "00008110-001A2B3C4D5E6F70"
    assert Device(1, "00008110-001A2B3C4D5E6F70").udid == "00008110-001A2B3C4D5E6F70"
    assert Device(1, "f" * 40).udid == "f" * 40, "phones until 2018"


def test_an_answer_that_takes_too_long_times_out(tmp_path: Path) -> None:
    with (
        FakeUsbmuxd(tmp_path, ListDevices=slowly(ENDLESS)) as usbmuxd,
        pytest.raises(UsbmuxdError, match="does not answer") as caught,
    ):
        list_all_devices(usbmuxd.address, timeout_s=0.3)
    assert caught.value.problem is Problem.NOT_AT_ADDRESS


@pytest.mark.parametrize("listed", [7, [7], [{}], [{"DeviceID": "x", "Properties": {"SerialNumber": "abc"}}]])
def test_malformed_devices(tmp_path: Path, listed: object) -> None:
    with (
        FakeUsbmuxd(tmp_path, ListDevices={"DeviceList": listed}) as usbmuxd,
        pytest.raises(UsbmuxdError, match="a malformed device"),
    ):
        list_devices(usbmuxd.address)


@pytest.mark.parametrize(
    ("error", "installed", "problem"),
    [
        (FileNotFoundError(), None, Problem.NOT_INSTALLED),
        (FileNotFoundError(), "/usr/sbin/usbmuxd", Problem.NOT_STARTED),
        (PermissionError(), None, Problem.DENIED),
        (ConnectionRefusedError(), None, Problem.STALE),
        (BlockingIOError(), None, Problem.HUNG),
        (TimeoutError(), None, Problem.HUNG),
    ],
)
def test_reasons_why_the_systems_usbmuxd_is_unreachable(
    monkeypatch: pytest.MonkeyPatch, error: OSError, installed: str | None, problem: Problem
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("capture.usb.usbmuxd.system_address", lambda: "UNIX:/var/run/usbmuxd")
    monkeypatch.setattr("shutil.which", lambda *_, **__: installed)
    monkeypatch.setattr("socket.socket.connect", refuse)
    with pytest.raises(UsbmuxdError, match="no usbmuxd at") as caught:
        list_devices("UNIX:/var/run/usbmuxd")
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a plist"),
        (HEADER.pack(0xFFFFFFFF, 1, 8, 1), "not a plist"),
        (HEADER.pack(20, 1, 8, 1) + b"<no>", "broken plist"),
    ],
)
def test_malformed_answers(tmp_path: Path, data: bytes, message: str) -> None:
    def answer(connection: socket.socket) -> None:
        receive_message(connection)
        connection.sendall(data)

    with pytest.raises(LidarliveError, match=message):
        list_devices(serve_once(tmp_path / "socket", answer))
