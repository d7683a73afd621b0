"""The time of capture in the misc part: read as sent; any other bytes are no time, and never an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.frame import MAX_TIME_S
from capture.protocol.capture_time import MAX_MISC_BYTES, NO_TIME, CaptureTime, encode_misc, parse_misc
from capture.protocol.parser import StreamParser, WireFrame, decode_frame
from capture.protocol.wire import with_misc
from tests.support.frames import encoded_message, make_frame

AS_SENT = b'{"metadata": {"relativeTimestamp": 65575.520833, "unixTimestampOnReceivedFrame": 1700000000.25}}'


def document(camera: str, phone: str = "1.7e9") -> bytes:
    text = f'{{"metadata": {{"relativeTimestamp": {camera}, "unixTimestampOnReceivedFrame": {phone}}}}}'
    return text.encode()


def test_as_the_app_sends_it() -> None:
    assert parse_misc(AS_SENT) == CaptureTime(65575.520833, 1700000000.25)
    assert parse_misc(AS_SENT + b"\0") == parse_misc(AS_SENT), "terminated after all"


@given(st.floats(0, MAX_TIME_S), st.floats(0, MAX_TIME_S))
def test_what_is_encoded_is_parsed(camera_s: float, phone_unix_s: float) -> None:
    time = CaptureTime(camera_s, phone_unix_s)
    assert parse_misc(encode_misc(time)) == time
    assert encode_misc(NO_TIME) == b"", "as older apps"


def test_unknown_keys_are_ignored_and_either_time_may_be_absent() -> None:
    later = {"frame": 7, "metadata": {"exposure": [1, {"iso": None}], "relativeTimestamp": 3}}
    assert parse_misc(json.dumps(later).encode()) == CaptureTime(3.0, None)
    assert parse_misc(b'{"metadata": {"unixTimestampOnReceivedFrame": 5.5}}') == CaptureTime(None, 5.5)


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e400", "-1", "-0.001", '"3.5"', "true", "null", "[3]", "{}", "9" * 400, "1e10"],
)
def test_what_is_no_time_leaves_the_other_one(value: str) -> None:
    assert parse_misc(document(value)) == CaptureTime(None, 1.7e9)
    assert parse_misc(document("3.5", value)) == CaptureTime(3.5, None)


@pytest.mark.parametrize(
    "misc",
    [
        b"",
        b"\0" * 64,
        b"null",
        b"[]",
        b"7",
        b'{"metadata": 7}',
        b"\xff\xfe\x00",
        AS_SENT[:-1],
        AS_SENT + b"x",
        b"[" * MAX_MISC_BYTES,
        b'{"metadata":' * 1000,
        document("9" * 5000),
        AS_SENT + b" " * MAX_MISC_BYTES,
        b"x" * (1 << 20),
    ],
)
def test_other_bytes_are_no_time_and_cost_no_frame(misc: bytes) -> None:
    assert parse_misc(misc) == NO_TIME
    (message,) = StreamParser().feed(with_misc(encoded_message(make_frame(3)), misc))
    assert isinstance(message, WireFrame)
    frame = decode_frame(message, 0, 0)
    assert (frame.camera_time_s, frame.phone_time_unix_s, frame.pose) == (None, None, make_frame(3).pose)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_time_or_none(misc: bytes) -> None:
    parse_misc(misc)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["metadata", "relativeTimestamp", "unixTimestampOnReceivedFrame"]), x)
        ),
    )
)
def test_any_document_gives_times_that_a_recording_can_hold(value: object) -> None:
    time = parse_misc(json.dumps({"metadata": value}).encode())
    assert all(each is None or 0 <= each <= MAX_TIME_S for each in time)


def test_a_frame_has_its_time() -> None:
    (message,) = StreamParser().feed(with_misc(encoded_message(make_frame(3)), AS_SENT))
    assert isinstance(message, WireFrame)
    frame = decode_frame(message, 0, 0)
    assert (frame.camera_time_s, frame.phone_time_unix_s) == (65575.520833, 1700000000.25)


def test_another_misc_part_replaces_the_first() -> None:
    bare = encoded_message(make_frame(3))
    timed = with_misc(bare, AS_SENT)
    assert timed.endswith(AS_SENT)
    assert len(timed) == len(bare) + len(AS_SENT)
    assert with_misc(timed, b"") == bare
    with pytest.raises(ValueError, match="add up to"):
        with_misc(bare[:15] + bytes([bare[15] ^ 1]) + bare[16:], b"")
