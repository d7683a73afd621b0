"""What tests of the stand-in phone share: a clip to play, phones, and clients without a driver."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import lzfse
import numpy as np
import psutil

from capture.frame import Camera, Intrinsics, Pose
from capture.protocol.wire import PEERTALK_HEADER, FrameHeader, consistent_header, encode_message
from capture.storage.encoding import encode_jpeg
from capture.usb.usbmuxd import open_socket, receive_message, send_message
from capture.virtual_phone.process import PhoneProcess
from capture.virtual_phone.wire_file import message_spans
from tests.support.waiting import wait_until

FRAMES = 24


def write_wire(path: Path) -> Path:
    """24 frames of 240x320, each unlike the others in all its parts; depth holds NaN, as phones send it."""
    rng = np.random.default_rng(5)
    levels = np.repeat(rng.integers(0, 3, (256, 12), dtype=np.uint8), 16, axis=1)
    with path.open("wb") as file:
        for i in range(FRAMES):
            small = rng.integers(0, 256, (20, 15, 3), dtype=np.uint8)
            depth = cv2.resize(rng.uniform(0.2, 5, (32, 24)), (192, 256)).astype(np.float16).astype(np.float32)
            depth[rng.integers(0, 256, 50)] = np.nan
            file.write(
                encode_message(
                    encode_jpeg(cv2.resize(small, (240, 320), interpolation=cv2.INTER_CUBIC)),
                    (240, 320),
                    lzfse.compress(depth.tobytes()),
                    (192, 256),
                    lzfse.compress(np.roll(levels, i, axis=0).tobytes()),
                    Intrinsics(200 + i / 3, 201 + i / 3, 120.1, 160.2),
                    Pose((0.1, 0.2, 0.3, 0.9), (i / 7, -i / 7, 1.0)),
                    Camera.LIDAR,
                )
            )
    return path


@contextmanager
def phone(what: Path, **options: Any) -> Iterator[PhoneProcess]:
    with PhoneProcess(str(what), **options) as process:
        process.wait_ready(30)
        yield process


def split(messages: bytes) -> list[tuple[FrameHeader, bytes, bytes, bytes]]:
    """(header, JPEG, depth, confidence) of each message, inflated."""
    frames = []
    while messages:
        body = messages[PEERTALK_HEADER.size :]
        header = FrameHeader.parse(body)
        a = 88 + header.rgb_bytes
        b = a + header.depth_bytes
        depth, confidence = lzfse.decompress(body[a:b]), lzfse.decompress(body[b : header.body_bytes])
        frames.append((header, body[88:a], depth, confidence))
        messages = body[header.body_bytes :]
    return frames


def ask(connection: socket.socket, **message: Any) -> dict[str, Any]:
    send_message(connection, message)
    return receive_message(connection)


def connect(address: str, device: Any = 1, port: Any = 14597) -> tuple[socket.socket, int]:
    """A connection that asked for the app's port (1337 in network byte order), and the answer's number."""
    connection = open_socket(address)
    return connection, ask(connection, MessageType="Connect", DeviceID=device, PortNumber=port)["Number"]


def read_message(connection: socket.socket) -> bytes:
    connection.settimeout(None)  # with a timeout, MSG_WAITALL does not wait for all
    head = connection.recv(PEERTALK_HEADER.size, socket.MSG_WAITALL)
    return head + connection.recv(PEERTALK_HEADER.unpack(head)[3], socket.MSG_WAITALL)


def has_ended(pid: int | None) -> bool:
    """Whether the process is gone, or dead and only waiting for its parent to notice."""
    assert pid is not None
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def logged(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


class Sent(NamedTuple):
    """A message as it came, and the clip's own: this one, and the one that was sent before it."""

    message: bytes
    whole: bytes
    before: bytes

    def parts(self, message: bytes) -> tuple[FrameHeader, bytes, bytes, bytes]:
        header, a = consistent_header(message), 104
        b = a + header.rgb_bytes
        c = b + header.depth_bytes
        return header, message[a:b], message[b:c], message[c:]


def watch(wire_file: Path, log: Path, faults: list[str], frames: int, fps: float = 40) -> dict[str, list[Sent]]:
    """The messages of the first `frames` frames, by the fault that began with them (`` for none)."""
    clip = [wire_file.read_bytes()[at : at + size] for at, size in message_spans(wire_file)]
    with phone(wire_file, fps=fps, faults=faults, send_log=log) as process:
        connection, _ = connect(process.address)
        with connection:
            received = [read_message(connection) for _ in range(frames)]
            wait_until(lambda: sum("sent_ns" in line for line in logged(log)) >= frames, "all is logged")
    lines = logged(log)
    kinds = {line["n"]: line["fault"] for line in lines if "fault" in line}
    sent = [line for line in lines if "sent_ns" in line]
    watched: dict[str, list[Sent]] = {}
    before = clip[-1]
    for line, message in zip(sent, received, strict=False):
        whole = clip[line["clip_index"]]
        watched.setdefault(kinds.get(line["n"], ""), []).append(Sent(message, whole, before))
        before = whole
    return watched


def read(connection: socket.socket, size: int) -> bytes:
    """`size` bytes, or what comes until the connection ends."""
    connection.settimeout(None)
    return connection.recv(size, socket.MSG_WAITALL)
