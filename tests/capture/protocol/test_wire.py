"""The wire format of a frame, against the layout that the record3d package reads."""

from __future__ import annotations

import struct
from pathlib import Path

import lzfse
import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.frame import Camera, Intrinsics, Pose
from capture.protocol.wire import FRAME_HEADER, PEERTALK_HEADER, FrameHeader, encode_message
from capture.storage.encoding import encode_jpeg
from capture.virtual_phone.wire_file import is_complete, message_spans

JPEG = encode_jpeg(np.zeros((96, 72, 3), np.uint8))
DEPTH = lzfse.compress(np.ones((32, 24), np.float32).tobytes())
CONFIDENCE = lzfse.compress(np.ones((32, 24), np.uint8).tobytes())
INTRINSICS = Intrinsics(70.25, 71.5, 36.125, 48.75)
POSE = Pose((0.5, -0.5, 0.25, 0.75), (1.5, -2.5, 3.5))


def message(
    jpeg: bytes = JPEG, depth: bytes = DEPTH, confidence: bytes | None = CONFIDENCE, camera: Camera = Camera.LIDAR
) -> bytes:
    return encode_message(jpeg, (72, 96), depth, (24, 32), confidence, INTRINSICS, POSE, camera)


def test_layout_byte_by_byte() -> None:
    data = message()
    assert struct.unpack(">4I", data[:16]) == (1, 101, 0, len(data) - 16)
    assert struct.unpack("<11I", data[16:60]) == (
        *(72, 96, 24, 32, 24, 32),
        *(len(JPEG), len(DEPTH), len(CONFIDENCE), 0, 1),
    )
    assert struct.unpack("<4f", data[60:76]) == (70.25, 71.5, 36.125, 48.75)
    assert struct.unpack("<7f", data[76:104]) == (0.5, -0.5, 0.25, 0.75, 1.5, -2.5, 3.5)
    assert data[104:] == JPEG + DEPTH + CONFIDENCE
    assert (PEERTALK_HEADER.size, FRAME_HEADER.size) == (16, 88)


def test_header_reads_back() -> None:
    header = FrameHeader.parse(message(confidence=None, camera=Camera.TRUEDEPTH)[16:])
    assert header.rgb_size == (72, 96)
    assert (header.confidence_width, header.confidence_height, header.confidence_bytes) == (0, 0, 0)
    assert (header.device_type, header.qw, header.z_m) == (0, 0.75, 3.5)
    assert header.body_bytes == 88 + len(JPEG) + len(DEPTH)
    with pytest.raises(ValueError, match="begin with 88 bytes"):
        FrameHeader.parse(bytes(87))


@pytest.mark.parametrize(
    ("part", "data", "message_part"),
    [
        ("jpeg", encode_jpeg(np.zeros((72, 96, 3), np.uint8)), r"JPEG must be \(72, 96\). Received: \(96, 72\)"),
        ("jpeg", JPEG[:-1], "not a whole JPEG"),
        ("depth", CONFIDENCE, "must decompress to 3072 bytes. Received: 768"),
        ("depth", DEPTH[:-1], "cut short"),
        ("confidence", DEPTH, "must decompress to 768 bytes. Received: 3072"),
        ("confidence", b"", "cut short"),
    ],
)
def test_parts_of_another_size_are_rejected(part: str, data: bytes, message_part: str) -> None:
    with pytest.raises(ValueError, match=message_part):
        message(**{part: data})


def parts_of(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data[offset : offset + size] for offset, size in message_spans(path)]


def test_spans_of_concatenated_messages(tmp_path: Path) -> None:
    messages = [message(), message(confidence=None), message(camera=Camera.TRUEDEPTH)]
    path = tmp_path / "three.wire"
    path.write_bytes(b"".join(messages))
    assert parts_of(path) == messages
    assert is_complete(path)


NO_BODY = struct.pack(">4I", 1, 101, 0, 0)
NOISE_IN_BODY = struct.pack(">4I", 1, 101, 0, 300) + b"?" * 300


@pytest.mark.parametrize(
    ("messages", "rest"),
    [
        ([message()], message()[:-1]),
        ([message()], message()[:10]),
        ([message()], message()[:50]),
        ([message()], b"x" * 200 + message()),
        ([message()], struct.pack(">4I", 1, 101, 0, 0xFFFFFFFF) + message()),
        ([message(), NO_BODY, NOISE_IN_BODY, message()], b""),
        ([message()[:16] + struct.pack("<11I", *[1 << 26] * 11) + message()[60:], message()], b""),
        ([message()[:-1]], b""),
        ([struct.pack(">4I", 1, 101, 0, 0xFFFFFFFF) + b"?" * 300], b""),
    ],
)
def test_spans_of_damaged_files(tmp_path: Path, messages: list[bytes], rest: bytes) -> None:
    """By PeerTalk's sizes alone; what follows the last whole message is left to who plays it."""
    path = tmp_path / "x.wire"
    path.write_bytes(b"".join(messages) + rest)
    assert parts_of(path) == messages
    assert not is_complete(path)


@pytest.mark.parametrize("data", [b"", b"x" * 200, message()[:15], struct.pack(">4I", 2, 101, 0, 88) + bytes(88)])
def test_other_files_are_rejected(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.wire"
    path.write_bytes(data)
    with pytest.raises(LidarliveError, match=r"x\.wire does not begin with a Record3D frame"):
        message_spans(path)
    assert not is_complete(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(LidarliveError, match=r"nowhere\.wire cannot be read: No such file"):
        message_spans(tmp_path / "nowhere.wire")
    assert not is_complete(tmp_path / "nowhere.wire")
