"""The relay reads the phone's bytes at once, buffers them for a busy client, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture.sources.record3d import relay as relay_module
from capture.sources.record3d.relay import Relay
from capture.usb.local_socket import fresh_address, listen
from capture.usb.usbmuxd import open_socket
from tests.support.waiting import wait_until

PIECE = bytes(range(256)) * 1024


@pytest.fixture
def usbmuxd(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """An address, and the socket that listens there."""
    address = fresh_address(tmp_path)
    with listen(address) as listener:
        listener.settimeout(20)
        yield address, listener


def receive(connection: socket.socket, size: int) -> bytes:
    connection.settimeout(20)
    data = bytearray()
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return bytes(data)


def test_bytes_are_copied_both_ways(usbmuxd: tuple[str, socket.socket]) -> None:
    address, listener = usbmuxd
    with Relay(address) as relay, open_socket(relay.address) as client:
        phone, _ = listener.accept()
        with phone:
            client.sendall(b"connect")
            assert receive(phone, 7) == b"connect"
            phone.sendall(PIECE)
            assert receive(client, len(PIECE)) == PIECE


def test_a_busy_client_does_not_delay_the_phone(usbmuxd: tuple[str, socket.socket]) -> None:
    address, listener = usbmuxd
    with Relay(address) as relay, open_socket(relay.address) as client:
        phone, _ = listener.accept()
        with phone:
            phone.settimeout(20)
            for _ in range(40):  # 10 MB, far more than sockets hold: ends only because they are taken
                phone.sendall(PIECE)
        assert relay.held_bytes > 20 * len(PIECE)
        assert receive(client, 40 * len(PIECE)) == 40 * PIECE, "also what is held when the phone is gone"
        assert receive(client, 1) == b""
        wait_until(lambda: relay.held_bytes == 0, "nothing is held")


def test_the_buffer_is_bounded(usbmuxd: tuple[str, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "HELD_BYTES", 4 * len(PIECE))
    address, listener = usbmuxd
    with Relay(address) as relay, open_socket(relay.address):
        phone, _ = listener.accept()
        with phone:
            phone.settimeout(0.5)
            with pytest.raises(TimeoutError):
                phone.sendall(400 * PIECE)


def test_if_one_side_hangs_up_so_does_the_other(usbmuxd: tuple[str, socket.socket]) -> None:
    address, listener = usbmuxd
    with Relay(address) as relay:
        client = open_socket(relay.address)
        phone, _ = listener.accept()
        client.close()
        assert receive(phone, 1) == b""
        phone.close()
    assert not os.path.exists(relay.address.removeprefix("UNIX:"))
    wait_until(lambda: not [t for t in threading.enumerate() if t.name in ("relay", "relayed")], "threads ended")


def test_without_usbmuxd_the_client_is_disconnected(tmp_path: Path) -> None:
    with Relay(fresh_address(tmp_path)) as relay, open_socket(relay.address) as client:
        assert receive(client, 1) == b""
