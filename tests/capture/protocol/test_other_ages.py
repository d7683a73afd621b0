"""Frames of apps of another age are recognised, and nothing else is taken for them."""

from __future__ import annotations

import pytest

from capture.protocol.other_ages import is_of_old_app
from capture.protocol.parser import DamagedMessage, StreamParser
from capture.protocol.wire import PEERTALK_HEADER
from capture.virtual_phone import damage
from tests.support.frames import encoded_message, make_frame
from tests.support.streams import whole

OLD = damage.old_app(whole())[PEERTALK_HEADER.size :]


def test_the_header_of_seven_numbers() -> None:
    assert is_of_old_app(OLD)
    assert not is_of_old_app(whole()[PEERTALK_HEADER.size :])


@pytest.mark.parametrize("confidence", [True, False])
@pytest.mark.parametrize(
    "change", [damage.jpeg_corrupt, damage.rgb_past_body, damage.body_cut(0), damage.body_cut(20), damage.body_cut(200)]
)
def test_damage_is_no_age(change: object, confidence: bool) -> None:
    message = change(encoded_message(make_frame(0, confidence=confidence)))  # type: ignore[operator]
    assert not is_of_old_app(message[PEERTALK_HEADER.size :])


@pytest.mark.parametrize("body", [b"", OLD[:71], OLD[:-1], OLD + b"x", OLD[:72] + b"no" + OLD[74:]])
def test_an_old_frame_that_is_damaged_itself(body: bytes) -> None:
    assert not is_of_old_app(body)


def test_the_parser_names_the_kind() -> None:
    messages = list(StreamParser().feed(damage.old_app(whole()) + damage.too_large(whole()) + damage.body_cut(0)(b"")))
    assert [message.kind for message in messages if isinstance(message, DamagedMessage)] == [
        "other_age",
        "oversized",
        "damaged",
    ]
