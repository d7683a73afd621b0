"""The parser: any pieces give the same frames; any bytes give frames, damage or one error."""

from __future__ import annotations

import struct
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.protocol.parser import DamagedMessage, StreamParser, WireFrame, decode_frame
from capture.protocol.wire import FRAME_HEADER, PEERTALK_HEADER
from tests.support.frames import encoded_message, make_frame

FIELD = {"rgb_width": 0, "depth_width": 2, "rgb_bytes": 6, "device_type": 10, "fx": 11}


@cache
def stream() -> bytes:
    return b"".join(encoded_message(make_frame(i, confidence=i != 1)) for i in range(3))


@given(st.lists(st.integers(1, len(stream()) - 1), max_size=8))
def test_the_stream_may_arrive_in_any_pieces(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(stream())]
    receiver = StreamParser()
    messages = [m for a, b in pairwise(edges) for m in receiver.feed(stream()[a:b])]
    assert messages == list(StreamParser().feed(stream()))
    assert len(messages) == 3


def test_decoded_frames_equal_the_sent_ones() -> None:
    for i, message in enumerate(StreamParser().feed(stream())):
        assert isinstance(message, WireFrame)
        sent, frame = make_frame(i, confidence=i != 1), decode_frame(message, 7, 8)
        np.testing.assert_array_equal(frame.depth_m, sent.depth_m)
        assert np.abs(frame.rgb.astype(int) - sent.rgb).max() <= 2
        assert (frame.confidence is None) == (i == 1)
        assert (frame.intrinsics, frame.pose, frame.camera) == (sent.intrinsics, sent.pose, sent.camera)
        assert (frame.index, frame.received_ns, frame.jpeg) == (7, 8, message.jpeg)


@given(st.binary(max_size=300))
def test_any_bytes_give_messages_or_one_error(data: bytes) -> None:
    try:
        messages = list(StreamParser().feed(data))
    except ValueError:
        return
    assert all(isinstance(message, WireFrame | DamagedMessage) for message in messages)


@settings(max_examples=200)
@given(st.integers(PEERTALK_HEADER.size, len(encoded_message(make_frame(0))) - 1), st.integers(1, 255))
def test_a_flipped_byte_gives_a_frame_or_a_value_error(offset: int, flip: int) -> None:
    data = bytearray(encoded_message(make_frame(0)))
    data[offset] ^= flip
    (message,) = StreamParser().feed(bytes(data))
    if isinstance(message, WireFrame):
        try:
            decode_frame(message, 0, 0)
        except ValueError:
            return


@pytest.mark.parametrize("size", [0, 20])
def test_a_body_that_is_too_short_is_damaged_and_the_next_message_intact(size: int) -> None:
    short = PEERTALK_HEADER.pack(1, 101, 0, size) + bytes(size)
    damaged, whole = StreamParser().feed(short + encoded_message(make_frame(0)))
    assert isinstance(damaged, DamagedMessage)
    assert isinstance(whole, WireFrame)


def test_no_memory_is_allocated_for_impossible_sizes() -> None:
    with pytest.raises(ValueError, match="4294967295 bytes"):
        list(StreamParser().feed(PEERTALK_HEADER.pack(1, 101, 0, 0xFFFFFFFF)))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("rgb_width", 73, "the JPEG must have the size"),
        ("depth_width", 48, "LZFSE"),
        ("depth_width", 0, "a depth map must have"),
        ("depth_width", 0xFFFFFFFF, "a depth map must have"),
        ("device_type", 7, "device type"),
        ("fx", float("nan"), "finite"),
    ],
)
def test_a_header_that_does_not_fit_its_parts(field: str, value: float, message: str) -> None:
    data = bytearray(encoded_message(make_frame(0)))
    offset = PEERTALK_HEADER.size + 4 * FIELD[field]
    struct.pack_into("<f" if field == "fx" else "<I", data, offset, value)
    (wire,) = StreamParser().feed(bytes(data))
    assert isinstance(wire, WireFrame)
    with pytest.raises(ValueError, match=message):
        decode_frame(wire, 0, 0)


def test_parts_past_the_body_are_damage() -> None:
    data = bytearray(encoded_message(make_frame(0)))
    struct.pack_into("<I", data, PEERTALK_HEADER.size + 4 * FIELD["rgb_bytes"], 0x7FFFFFFF)
    (message,) = StreamParser().feed(bytes(data))
    assert isinstance(message, DamagedMessage)
    assert len(data) > FRAME_HEADER.size
