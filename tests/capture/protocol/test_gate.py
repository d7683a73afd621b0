"""The gate passes on what the package survives, unchanged, and counts the rest at its place in the stream."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.protocol.gate import REFUSALS, StreamGate, fault_of
from capture.protocol.wire import PEERTALK_HEADER
from capture.virtual_phone import damage
from tests.support.streams import refused, whole


@given(st.lists(st.integers(1, 4 * len(whole()) - 1), max_size=8))
def test_whole_messages_pass_unchanged_whatever_the_pieces(cuts: list[int]) -> None:
    stream = b"".join(map(whole, range(4)))
    edges = [0, *sorted(set(cuts)), len(stream)]
    gate = StreamGate()
    passed = [message for a, b in pairwise(edges) for message in gate.feed(stream[a:b])]
    assert b"".join(passed) == stream
    assert (gate.counts.passed, gate.counts.refused, gate.counts.received_bytes) == (4, 0, len(stream))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (damage.jpeg_corrupt(whole()), "a JPEG"),
        (damage.wrong_jpeg_size(whole()), "the JPEG must have the size in the header"),
        (damage.rgb_past_body(whole()), "the parts add up to"),
        (damage.depth_truncated(whole()), "LZFSE"),
        (damage.depth_size(whole()), "LZFSE must decompress to"),
        (damage.body_cut(0)(whole()), "bytes of header"),
        (damage.body_cut(20)(whole()), "bytes of header"),
        (damage.too_large(whole()), "5712x4284"),
        (damage.old_app(whole()), "Record3D 1.7 to 1.9"),
    ],
)
def test_what_the_package_does_not_survive(message: bytes, reason: str) -> None:
    fault = fault_of(message)
    assert fault is not None
    assert reason in fault.reason
    gate = StreamGate()
    assert gate.feed(whole(1) + message + whole(2)) == [whole(1), whole(2)]
    assert gate.counts.refused == 1


@pytest.mark.parametrize("field", [2, 3, 10])
def test_depth_of_impossible_size_and_unknown_cameras(field: int) -> None:
    message = bytearray(whole())
    struct.pack_into("<I", message, PEERTALK_HEADER.size + 4 * field, 0x7FFF)
    assert fault_of(bytes(message)) is not None


def test_what_the_package_may_read_and_our_own_parser_does_not() -> None:
    """The gate must not lock out a phone whose JPEGs end in another way than ours."""
    parts = damage.Message.split(whole())
    assert fault_of(parts._replace(jpeg=parts.jpeg + bytes(3)).join()) is None
    assert fault_of(parts._replace(jpeg=parts.jpeg[:-2]).join()) is None


def test_refusals_are_counted_by_kind_and_at_their_place() -> None:
    gate, bad = StreamGate(), refused()
    gate.feed(whole() + bad["damaged"] + bad["oversized"] + whole() + whole() + bad["other_age"])
    assert [(counts.passed, counts.refused) for counts in gate.refusals] == [(1, 1), (1, 2), (3, 3)]
    counts = gate.counts
    assert (counts.damaged, counts.oversized, counts.other_age, counts.unreadable) == (1, 1, 1, "")
    assert "JPEG" in counts.damage
    assert "5712x4284" in counts.oversize


def test_what_nobody_takes_is_bounded() -> None:
    gate = StreamGate()
    gate.feed(damage.body_cut(0)(whole()) * (REFUSALS + 10))
    assert len(gate.refusals) == REFUSALS
    assert gate.refusals[-1].refused == REFUSALS + 10, "the newest includes all before it"


def test_bytes_that_are_no_stream() -> None:
    gate = StreamGate()
    assert gate.feed(whole() + damage.garbage(whole())) == [whole()], "what was before them passes"
    assert (gate.counts.passed, gate.counts.unreadable[:10]) == (1, "not a Reco")
    assert gate.feed(whole()) == []
