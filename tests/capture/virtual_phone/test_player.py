"""The player: which client is served, which frame is due, and which are dropped."""

from __future__ import annotations

import socket
import time
from math import ceil
from pathlib import Path

import pytest

from capture.protocol.wire import FrameHeader
from capture.usb.usbmuxd import list_devices
from capture.virtual_phone.process import PhoneStatus
from capture.virtual_phone.schedule import LATE_WAKE_S, Schedule
from tests.support.phones import FRAMES, connect, has_ended, phone, read_message, split
from tests.support.waiting import wait_until

pytestmark = pytest.mark.phone


def next_frame(n: int, started_s: float, taken_s: float, fps: float) -> int:
    return Schedule(fps).following(n, started_s, taken_s)


def all_of(connection: socket.socket) -> bytes:
    """Whatever arrives until the stream ends."""
    received = bytearray()
    while data := connection.recv(1 << 20):
        received += data
    return bytes(received)


def is_served(address: str) -> bool:
    connection, answer = connect(address)
    connection.close()
    return answer == 0


class TestClients:
    def test_one_client_at_a_time(self, wire_file: Path) -> None:
        with phone(wire_file) as process:
            first, answer = connect(process.address)
            assert answer == 0
            assert read_message(first) in wire_file.read_bytes()
            second, answer = connect(process.address)
            assert answer == 3
            assert len(list_devices(process.address)) == 1
            first.close()
            third, answer = connect(process.address)
            assert answer == 0, "the first has left, whether or not a frame was due since"
            assert read_message(third) in wire_file.read_bytes()
            second.close()
            third.close()

    def test_the_next_client_gets_what_is_live(self, wire_file: Path) -> None:
        """Frame n is due n / 5 s after the first client came, whether or not somebody is there to take it."""
        messages = split(wire_file.read_bytes())
        with phone(wire_file, fps=5) as process:
            begun_s = time.monotonic()
            first, _ = connect(process.address)
            assert FrameHeader.parse(read_message(first)[16:]) == messages[0][0]
            served_s = time.monotonic()  # frame 0 was due between these two
            first.close()
            wait_until(lambda: time.monotonic() > served_s + 0.5, "a time at which frame 3 is the next")
            asked_s = time.monotonic()
            second, _ = connect(process.address)
            header = FrameHeader.parse(read_message(second)[16:])
            second.close()
            due = range(ceil(5 * (asked_s - served_s)), ceil(5 * (time.monotonic() - begun_s)) + 1)
            assert due.start >= 3
            assert [h for h, *_ in messages].index(header) in {n % FRAMES for n in due}
            assert process.status().dropped == 0

    def test_a_client_that_takes_nothing_gives_way(self, wire_file: Path) -> None:
        """As one does that called record3d's disconnect(), which leaves the socket open."""
        with phone(wire_file, fps=200) as process:
            idle, _ = connect(process.address)
            wait_until(lambda: is_served(process.address), "the next one is served")
            idle.close()

    def test_the_end_of_the_clip(self, wire_file: Path) -> None:
        """Without a loop everything arrives, the stream ends, and so does the phone; its status stays."""
        with phone(wire_file, fps=100, loop=False) as process:
            connection, _ = connect(process.address)
            with connection:
                received = all_of(connection)
            assert received == wire_file.read_bytes()
            assert process.status() == PhoneStatus("ended", 1.0, FRAMES, 0, "", process.address)
            wait_until(lambda: has_ended(process.pid), "the process ends too")
        assert process.status().sent == FRAMES

    def test_a_torn_end_is_sent_last(self, wire_file: Path, tmp_path: Path) -> None:
        """Not sent when the clip repeats: it would break every message after it."""
        torn = tmp_path / "torn.wire"
        torn.write_bytes(wire_file.read_bytes()[:-10])
        with phone(torn, fps=100, loop=False) as process:
            connection, _ = connect(process.address)
            with connection:
                received = all_of(connection)
            assert received == torn.read_bytes()
            assert process.status().sent == FRAMES - 1
        with phone(torn, fps=100) as process:
            connection, _ = connect(process.address)
            with connection:
                assert all(read_message(connection) in torn.read_bytes() for _ in range(FRAMES + 3))

    def test_a_clip_may_end_unseen(self, wire_file: Path) -> None:
        with phone(wire_file, fps=100, loop=False) as process:
            connection, _ = connect(process.address)
            read_message(connection)
            connection.close()
            wait_until(lambda: process.status().state == "ended", "the clip is over")
            assert process.status().sent < FRAMES


class TestWhenFramesAreDue:
    """Frame k is due at k / 10 s."""

    def test_taken_in_time(self) -> None:
        assert next_frame(5, started_s=0.5001, taken_s=0.51, fps=10) == 6

    def test_frames_that_fall_due_while_one_is_taken_are_dropped(self) -> None:
        assert next_frame(5, started_s=0.5001, taken_s=0.61, fps=10) == 7
        assert next_frame(5, started_s=0.5001, taken_s=1.75, fps=10) == 18

    def test_the_phones_own_delay_drops_nothing(self) -> None:
        assert next_frame(5, started_s=0.65, taken_s=0.66, fps=10) == 6
        assert next_frame(5, started_s=0.75, taken_s=0.76, fps=10) == 6

    def test_a_long_sleep_is_not_made_up_for(self) -> None:
        assert next_frame(5, started_s=0.6 + LATE_WAKE_S + 0.5, taken_s=1.36, fps=10) == 14
