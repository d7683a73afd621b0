"""The server side of usbmuxd's protocol: valid and invalid requests."""

from __future__ import annotations

import plistlib
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from capture.errors import LidarliveError
from capture.usb.usbmuxd import HEADER, list_devices, open_socket, send_message
from capture.virtual_phone.process import PhoneProcess
from capture.virtual_phone.usbmuxd_server import MAX_CONNECTIONS
from tests.support.phones import ask, connect, phone
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def plain_phone(wire_file: Path) -> Iterator[PhoneProcess]:
    with phone(wire_file, serial="plain") as process:
        yield process


class TestProtocol:
    def test_one_connection_may_ask_many_things(self, plain_phone: PhoneProcess) -> None:
        (device,) = list_devices(plain_phone.address)
        assert (device.device_id, device.serial, device.product_id) == (1, "plain", 4776)
        with open_socket(plain_phone.address) as connection:
            assert ask(connection, MessageType="Listen") == {"MessageType": "Result", "Number": 1}
            assert ask(connection, Nonsense=1)["Number"] == 1
            assert len(ask(connection, MessageType="ListDevices")["DeviceList"]) == 1

    def test_a_phone_that_trusts_this_computer(self, plain_phone: PhoneProcess, wire_file: Path) -> None:
        """usbmuxd answers ENOENT if there is no pair record."""
        with open_socket(plain_phone.address) as connection:
            record = ask(connection, MessageType="ReadPairRecord", PairRecordID="plain")["PairRecordData"]
            assert plistlib.loads(record).keys() == {"HostID", "SystemBUID"}
            for wrong in ("other", 1, ["plain"]):
                answer = ask(connection, MessageType="ReadPairRecord", PairRecordID=wrong)
                assert answer == {"MessageType": "Result", "Number": 2}
        with phone(wire_file, serial="stranger", trusted=False) as process, open_socket(process.address) as connection:
            answer = ask(connection, MessageType="ReadPairRecord", PairRecordID="stranger")
            assert answer == {"MessageType": "Result", "Number": 2}
            assert len(list_devices(process.address)) == 1, "it is listed all the same"

    def test_the_tag_comes_back(self, plain_phone: PhoneProcess) -> None:
        with open_socket(plain_phone.address) as connection:
            send_message(connection, {"MessageType": "ListDevices"}, tag=77)
            assert HEADER.unpack(connection.recv(16, socket.MSG_WAITALL))[1:] == (1, 8, 77)

    @pytest.mark.parametrize(
        ("device", "port", "number"),
        [(2, 14597, 2), ("1", 14597, 2), (1, 1337, 3), (1, 14598, 3), (1, -1, 3), (1, 1 << 40, 3), (1, "x", 3)],
    )
    def test_connect_elsewhere(self, plain_phone: PhoneProcess, device: Any, port: Any, number: int) -> None:
        connection, answer = connect(plain_phone.address, device, port)
        with connection:
            assert answer == number

    @pytest.mark.parametrize(
        "data",
        [
            struct.pack("<4I", 0xFFFFFFFF, 1, 8, 0),
            struct.pack("<4I", 16, 1, 8, 0),
            struct.pack("<4I", 20, 0, 3, 0) + b"abcd",
            struct.pack("<4I", 20, 1, 8, 0) + b"abcd",
            struct.pack("<4I", 16 + len(plistlib.dumps([1])), 1, 8, 0) + plistlib.dumps([1]),
            struct.pack("<4I", 60, 1, 8, 0) + b"<plist><date>yesterday</date></plist>".ljust(44),
            b"GET / HTTP/1.1\r\n\r\n",
        ],
    )
    def test_nonsense_closes_that_connection_alone(self, plain_phone: PhoneProcess, data: bytes) -> None:
        with open_socket(plain_phone.address) as connection:
            connection.sendall(data)
            with suppress(ConnectionResetError):  # where it was closed with some of the nonsense unread
                assert connection.recv(100) == b""
        assert plain_phone.status().state == "ready"
        assert len(list_devices(plain_phone.address)) == 1

    def test_too_many_connections(self, plain_phone: PhoneProcess) -> None:
        crowd = [open_socket(plain_phone.address) for _ in range(MAX_CONNECTIONS + 4)]
        with pytest.raises((LidarliveError, OSError)):
            ask(crowd[-1], MessageType="ListDevices")
        for connection in crowd:
            connection.close()
        wait_until(lambda: _lists_devices(plain_phone.address), "there is a place again")


def _lists_devices(address: str) -> bool:
    try:
        return len(list_devices(address)) == 1
    except LidarliveError:
        return False
