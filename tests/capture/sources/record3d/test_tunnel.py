"""Where a connection to usbmuxd becomes the tunnel to the app, the gate begins; everything before passes unchanged."""

from __future__ import annotations

import plistlib
from itertools import pairwise

import pytest

from capture.sources.record3d.tunnel import CONNECT, Tunnel
from capture.usb.usbmuxd import HEADER, PLIST_TYPE, PLIST_VERSION
from tests.support.fake_usbmuxd import OK, ONE_PHONE, REFUSED
from tests.support.streams import refused, whole


def message(content: dict[str, object]) -> bytes:
    body = plistlib.dumps(content)
    return HEADER.pack(HEADER.size + len(body), PLIST_VERSION, PLIST_TYPE, 1) + body


CONNECTING = message({"MessageType": "Connect", "DeviceID": 1, "PortNumber": 14597})


def test_the_request_is_recognised_as_libusbmuxd_writes_it() -> None:
    assert CONNECT in CONNECTING


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_the_stream_after_a_granted_connect_passes_the_gate(size: int) -> None:
    tunnel = Tunnel()
    assert b"".join(tunnel.ask(CONNECTING)) == CONNECTING
    sent = message(OK) + whole(0) + refused()["damaged"] + whole(1)
    edges = [*range(0, len(sent), size), len(sent)]
    passed = b"".join(piece for a, b in pairwise(edges) for piece in tunnel.answer(sent[a:b]))
    assert passed == message(OK) + whole(0) + whole(1)
    assert tunnel.gate is not None
    assert (tunnel.gate.counts.passed, tunnel.gate.counts.damaged) == (2, 1)


def test_an_answer_arrives_even_if_no_stream_follows() -> None:
    tunnel = Tunnel()
    tunnel.ask(CONNECTING)
    assert b"".join(tunnel.answer(message(OK) + b"GET / HTTP/1.1\r\n\r\n")) == message(OK)
    assert tunnel.gate is not None
    assert tunnel.gate.counts.unreadable


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (message({"MessageType": "ListDevices"}), message(ONE_PHONE)),
        (CONNECTING, message(REFUSED)),
        (CONNECTING, HEADER.pack(20, 1, 8, 1) + b"no x"),
        (CONNECTING, HEADER.pack(1 << 30, 1, 8, 1)),
    ],
)
def test_whatever_else_usbmuxd_answers_passes_unchanged(request_: bytes, answer: bytes) -> None:
    tunnel = Tunnel()
    tunnel.ask(request_)
    for part in (answer, answer, refused()["damaged"]):
        assert b"".join(tunnel.answer(part)) == part
    assert tunnel.gate is None
