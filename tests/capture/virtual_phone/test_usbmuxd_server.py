"""The stand-in usbmuxd stops, drops its connections, and restarts at the same address."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.usb.local_socket import listen, with_port
from capture.usb.usbmuxd import open_socket
from capture.virtual_phone.usbmuxd_server import UsbmuxdServer
from tests.support.waiting import wait_until


def echo(connection: socket.socket) -> None:
    while data := connection.recv(100):
        connection.sendall(data)


@contextmanager
def daemon(address: str, failures: list[str]) -> Iterator[UsbmuxdServer]:
    started = UsbmuxdServer(address, echo, failures.append)
    try:
        yield started
    finally:
        started.stop()


def answers(address: str) -> bool:
    try:
        with open_socket(address) as connection:
            connection.sendall(b"there?")
            return connection.recv(100) == b"there?"
    except (LidarliveError, OSError):
        return False


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_down_and_up_again(tmp_path: Path, kind: str) -> None:
    path, failures = tmp_path / "socket", []
    address = f"UNIX:{path}" if kind == "unix" else with_port("127.0.0.1:0")
    with daemon(address, failures) as running, open_socket(address) as connection:
        assert answers(address)
        running.restart(0.5)
        assert connection.recv(1) == b"", "whoever was connected is dropped"
        wait_until(lambda: answers(address), "it is back")
        assert failures == []
        if kind == "unix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_while_it_is_down(tmp_path: Path) -> None:
    """Nobody listens, and stopping it does not wait until it is back."""
    path = tmp_path / "socket"
    with daemon(f"UNIX:{path}", []) as running:
        running.restart(10_000)
        assert not path.exists()
        with pytest.raises(LidarliveError):
            open_socket(f"UNIX:{path}")
    assert not path.exists()


def test_its_place_is_taken_meanwhile(tmp_path: Path) -> None:
    path, failures = tmp_path / "socket", []
    with daemon(f"UNIX:{path}", failures) as running:
        running.restart(1)
        with listen(f"UNIX:{path}"):
            wait_until(lambda: bool(failures), "it says that it cannot come back")
    assert "cannot listen at UNIX:" in failures[0]
