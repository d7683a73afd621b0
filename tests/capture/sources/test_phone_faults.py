"""Faults of the stand-in phone's connection, observed by a plain socket, and how faults are requested."""

from __future__ import annotations

import math
import socket
import struct
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.usb.usbmuxd import list_devices, open_socket
from capture.virtual_phone.faults import LASTING_S, OF_ONE_FRAME, Fault, deliver
from capture.virtual_phone.process import PhoneProcess, run_phone
from capture.virtual_phone.wire_file import message_spans
from tests.support.phones import connect, logged, phone, read, read_message, watch
from tests.support.waiting import wait_until

pytestmark = pytest.mark.phone


class TestConnection:
    def test_a_frame_cut_in_half(self, wire_file: Path, tmp_path: Path) -> None:
        (_, first), (_, size) = message_spans(wire_file)[:2]
        with phone(wire_file, fps=20, faults=["cut@1"], send_log=tmp_path / "log") as process:
            connection, _ = connect(process.address)
            with connection:
                assert read(connection, first + size) == wire_file.read_bytes()[: first + size // 2]
            connection, answer = connect(process.address)
            with connection:
                assert answer == 0, "the phone is there again at once"
                assert read_message(connection) in wire_file.read_bytes()
        assert [line["n"] for line in logged(tmp_path / "log")][:3] == [0, 1, 2]
        assert "sent_ns" not in logged(tmp_path / "log")[1], "what was cut was not sent"

    def test_silence(self, wire_file: Path, tmp_path: Path) -> None:
        """40 frames a second, half a second of nothing: frame 2 is followed by frame 23 or a later one."""
        log = tmp_path / "log"
        watched = watch(wire_file, log, ["silent@3:0.5"], frames=8)
        assert all(sent.message == sent.whole for sent in watched[""])
        lines = logged(log)
        (silent,) = [i for i, line in enumerate(lines) if "fault" in line]
        assert lines[silent]["n"] >= 3
        assert lines[silent + 1]["n"] >= lines[silent]["n"] + 20
        assert lines[silent + 1]["begun_ns"] - lines[silent]["begun_ns"] >= 0.5e9

    def test_gone_and_back(self, wire_file: Path) -> None:
        with phone(wire_file, fps=20, faults=["gone@1:2"]) as process:
            connection, _ = connect(process.address)
            with connection:
                assert read(connection, 1 << 22) == wire_file.read_bytes()[: message_spans(wire_file)[1][0]]
            assert list_devices(process.address) == []
            connection, answer = connect(process.address)
            connection.close()
            assert answer == 2, "no such device"
            wait_until(lambda: bool(list_devices(process.address)), "the phone is back")
            connection, answer = connect(process.address)
            with connection:
                assert answer == 0
                assert read_message(connection) in wire_file.read_bytes()

    def test_usbmuxd_stops_and_starts(self, wire_file: Path) -> None:
        with phone(wire_file, fps=20, faults=["usbmuxd-restart@1:2"]) as process:
            idle = open_socket(process.address)
            connection, _ = connect(process.address)
            with connection, idle:
                assert read(connection, 1 << 22) == wire_file.read_bytes()[: message_spans(wire_file)[1][0]]
                assert read(idle, 1) == b"", "every connection is dropped"
            with pytest.raises(LidarliveError):
                open_socket(process.address)
            wait_until(lambda: is_listening(process), "usbmuxd is back")
            connection, answer = connect(process.address)
            with connection:
                assert answer == 0
                assert read_message(connection) in wire_file.read_bytes()

    def test_a_byte_at_a_time(self) -> None:
        """One byte arrives per pause of the phone; after the fault's duration the rest arrives at once."""
        ours, theirs = socket.socketpair()
        message = bytes(range(250)) * 400
        pieces: list[bytes] = []

        def wait(seconds: float) -> bool:
            pieces.append(theirs.recv(len(message)))
            return False

        with ours, theirs:
            assert deliver(ours, message, Fault("trickle", 0, 0.05), wait)
            assert set(map(len, pieces)) == {1}
            assert b"".join(pieces) + read(theirs, len(message) - len(pieces)) == message

    def test_a_trickle_is_still_the_frame(self, wire_file: Path, tmp_path: Path) -> None:
        for _ in range(20):
            watched = watch(wire_file, tmp_path / "log", ["trickle@2:0.2"], frames=6)
            (sent,) = watched["trickle"]
            assert sent.message == sent.whole
            lines = logged(tmp_path / "log")
            (i,) = [i for i, line in enumerate(lines) if "fault" in line]
            n, line = lines[i]["n"], lines[i + 1]
            if line["begun_ns"] < line["due_ns"] + 25_000_000:  # a phone that wakes late sends the next frame late too
                break
        assert (line["n"], line["sent_ns"] - line["begun_ns"] >= 0.2e9) == (n, True)
        dropped = [{"n": n + k, "dropped": True} for k in range(1, 6)]
        assert lines[i + 2 : i + 7] == dropped, "what fell due meanwhile"

    def test_a_flood(self, wire_file: Path, tmp_path: Path) -> None:
        """10 frames a second are 60 in 6 s; with half a second of flood they are there sooner, none is left out."""
        log = tmp_path / "log"
        watched = watch(wire_file, log, ["flood@2:0.5"], frames=60, fps=10)
        assert all(sent.message == sent.whole for group in watched.values() for sent in group)
        sent = [line for line in logged(log) if "sent_ns" in line]
        assert [line["n"] for line in sent] == list(range(len(sent)))
        steps_s = [(b["due_ns"] - a["due_ns"]) / 1e9 for a, b in pairwise(sent[:60])]
        assert sum(step < 0.05 for step in steps_s) > 20
        assert steps_s[0] == pytest.approx(0.1)


def is_listening(process: PhoneProcess) -> bool:
    try:
        return bool(list_devices(process.address))
    except LidarliveError:
        return False


class TestAskingForFaults:
    def test_all_of_them(self) -> None:
        assert {*OF_ONE_FRAME, *LASTING_S} == {
            *("jpeg-corrupt", "jpeg-scan", "jpeg-size", "rgb-past-body", "depth-truncated", "depth-flipped"),
            *("depth-size", "depth-repeated", "depth-nan", "depth-negative", "depth-infinite"),
            *("body-0", "body-20", "body-4gib", "cut"),
            *("misc-none", "misc-broken", "misc-nan", "misc-back", "misc-1mb"),
            *("silent", "gone", "usbmuxd-restart", "trickle", "flood", "truedepth", "landscape"),
            *("damaged", "too-large", "old-app", "garbage"),
        }
        assert Fault.parse("silent@30") == Fault("silent", 30, 10.0)
        assert Fault.parse("silent@30:.5") == Fault("silent", 30, 0.5)
        assert Fault.parse("cut@0") == Fault("cut", 0, 0.0)
        assert Fault.parse("landscape@7").seconds == math.inf

    @pytest.mark.parametrize(
        "text", ["", "silent", "silent@", "silent@-1", "silent@1:", "silent@1:x", "silent@1:1:1", "Silent@1", "no@1"]
    )
    def test_bytes_that_are_no_jpeg(self, text: str) -> None:
        with pytest.raises(LidarliveError, match=rf"KIND@FRAME:SECONDS\. Received: '{text}'\. KIND.*cut.*silent"):
            Fault.parse(text)

    def test_seconds_of_a_fault_that_has_none(self) -> None:
        with pytest.raises(LidarliveError, match=r"drop the seconds\. Received: 'cut@3:1'"):
            Fault.parse("cut@3:1")

    def test_the_command_says_it_in_one_line(self, wire_file: Path) -> None:
        command = [sys.executable, "-m", "app", "emulate", wire_file, "--fault", "cut@1", "--fault", "x@1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert done.stderr.startswith("lidarlive: a fault must be KIND@FRAME")
        assert done.stderr.count("\n") == 1

    def test_two_for_one_frame(self, wire_file: Path, tmp_path: Path) -> None:
        watch(wire_file, tmp_path / "log", ["body-20@2", "body-0@2"], frames=5)
        faults = [(line["n"], line["fault"]) for line in logged(tmp_path / "log") if "fault" in line]
        assert [kind for _, kind in faults] == ["body-20", "body-0"]
        assert faults[0][0] < faults[1][0]

    def test_one_that_nobody_was_there_for(self, wire_file: Path, tmp_path: Path) -> None:
        """It happens to the first frame that somebody is sent."""
        log = tmp_path / "log"
        with phone(wire_file, fps=8, faults=["body-20@8"], send_log=log) as process:
            connection, _ = connect(process.address)
            with connection:
                assert read_message(connection) in wire_file.read_bytes()
            past_s = time.monotonic() + 9 / 8
            wait_until(lambda: time.monotonic() > past_s, "frame 8 is past")
            connection, _ = connect(process.address)
            with connection:
                assert len(read_message(connection)) == 36

    def test_one_that_waits_while_a_client_leaves(self, wire_file: Path) -> None:
        """The phone is silent when the client leaves, and frame 2 is past when it speaks again."""
        with phone(wire_file, fps=20, faults=["silent@1:1", "body-20@2"]) as process:
            connection, _ = connect(process.address)
            with connection:
                assert read_message(connection) in wire_file.read_bytes()
            connection, answer = connect(process.address)
            with connection:
                assert answer == 0
                assert len(read_message(connection)) == 36

    def test_a_clip_that_is_damaged_itself(self, tmp_path: Path, wire_file: Path) -> None:
        (_, size), *_ = message_spans(wire_file)
        torn = tmp_path / "torn.wire"
        torn.write_bytes(struct.pack(">4I", 1, 101, 0, 20) + bytes(20) + wire_file.read_bytes()[:size])
        with phone(torn, faults=["depth-nan@0"]) as process:
            connection, _ = connect(process.address)
            with connection:
                assert read(connection, 1) == b""
            wait_until(lambda: process.status().state == "failed", "the phone fails")
            assert "depth-nan needs an intact frame" in process.status().error
        assert "landscape needs an intact frame" in run_phone(str(torn), faults=["landscape@0"]).error
