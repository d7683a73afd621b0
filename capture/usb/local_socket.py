"""Listening sockets that no other computer can reach: a unix socket of this user, or a TCP port on loopback."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

from capture.errors import LidarliveError

_UNIX = "UNIX:"
_LOOPBACK = "127.0.0.1"
MAX_PORT = 65535


def fresh_address(folder: Path) -> str:
    """Return an unused address: a unix socket in `folder`, on Windows a free TCP port."""
    return f"{_LOOPBACK}:{_free_port()}" if sys.platform == "win32" else f"{_UNIX}{folder / 'usbmuxd'}"


def with_port(address: str) -> str:
    """Return `address` with port 0 replaced by a free port."""
    host, _, port = address.rpartition(":")
    return f"{host}:{_free_port()}" if port == "0" and not address.startswith(_UNIX) else address


def listen(address: str) -> socket.socket:
    """Listen at `UNIX:/path`, mode 0600, or `127.0.0.1:port`. A socket left by a dead process is replaced.

    Raises LidarliveError if that is not possible.
    """
    try:
        if address.startswith(_UNIX):
            return _listen_unix(Path(address[len(_UNIX) :]))
        host, _, port = address.rpartition(":")
        if host in (_LOOPBACK, "localhost") and port.isdecimal():
            if int(port) > MAX_PORT:  # create_server would leave its socket open
                raise OverflowError(f"port must be at most {MAX_PORT}")
            return socket.create_server((_LOOPBACK, int(port)))
    except (OSError, OverflowError) as error:
        raise LidarliveError(f"the stand-in phone cannot listen at {address}: {error}. Try another address") from error
    except AttributeError:
        raise LidarliveError(f"this system has no unix sockets. Use {_LOOPBACK}:PORT") from None
    raise LidarliveError(f"the address must be {_UNIX}/path or {_LOOPBACK}:PORT. Received: {address!r}")


def remove_socket(address: str) -> None:
    """Delete the file of a closed unix socket."""
    if address.startswith(_UNIX):
        Path(address[len(_UNIX) :]).unlink(missing_ok=True)


def hang_up(connection: socket.socket) -> None:
    """Shut down a connection that another thread may be reading or writing."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was faster
        return


def _listen_unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_over(path):
            path.unlink()
        listener.bind(str(path))
        os.chmod(path, 0o600)  # before `listen`, so before anyone can connect
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def _is_left_over(path: Path) -> bool:
    """Whether `path` is a socket at which nobody listens."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(str(path)) == errno.ECONNREFUSED


def _free_port() -> int:
    with socket.create_server((_LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])
