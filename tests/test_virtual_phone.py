"""The stand-in phone: the real record3d package and a client of our own connect to it as to an iPhone."""

from __future__ import annotations

import os
import plistlib
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2
import lzfse
import numpy as np
import psutil
import pytest

from capture.encoding import encode_jpeg
from capture.formats.r3d import R3dFile
from capture.frame import Camera, CaptureError, Intrinsics, Pose
from capture.recording import Recording
from capture.usbmuxd import HEADER, list_devices, open_socket, receive_message, send_message
from capture.virtual_phone.camera import LATE_WAKE_S, next_frame
from capture.virtual_phone.phone import PhoneProcess, PhoneStatus, run_phone
from capture.wire import PEERTALK_HEADER, FrameHeader, encode_message

CLIENT = Path(__file__).with_name("record3d_client.py")
FRAMES = 24


@pytest.fixture(scope="module")
def wire_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 frames of 240x320, each unlike the others in all its parts; depth holds NaN, as phones send it."""
    rng = np.random.default_rng(5)
    levels = np.repeat(rng.integers(0, 3, (256, 12), dtype=np.uint8), 16, axis=1)
    path = tmp_path_factory.mktemp("wire") / "frames.wire"
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


def take(
    address: str, out: Path, frames: int, work_s: float = 0, rgb_step: int = 1
) -> tuple[int, dict[str, np.ndarray]]:
    """What the record3d package takes from the phone, in a process of its own: exit status and arrays."""
    done = subprocess.run(
        [sys.executable, CLIENT, out, str(frames), str(work_s), str(rgb_step)],
        env={**os.environ, "USBMUXD_SOCKET_ADDRESS": address},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode:
        return done.returncode, {"message": np.array(done.stdout + done.stderr)}
    with np.load(out) as arrays:
        return 0, dict(arrays)


def decoded(jpeg: bytes) -> np.ndarray:
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)


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


def assert_same_picture(received: np.ndarray, sent: np.ndarray) -> None:
    """Two JPEG decoders differ in rounding, and where they interpolate colour across a sharp edge."""
    difference = np.abs(received.astype(int) - sent.astype(int))
    assert difference.mean() < 1
    assert np.percentile(difference, 99) <= 4


@pytest.mark.usefixtures("record3d_package")
class TestWithRecord3d:
    def test_every_part_of_every_frame(self, wire_file: Path, tmp_path: Path) -> None:
        with phone(wire_file, fps=12, loop=False) as process:
            _, got = take(process.address, tmp_path / "got.npz", FRAMES)
            assert process.status().state == "ended"
            assert (process.status().sent, process.status().dropped) == (FRAMES, 0)
        assert len(got["depth"]) == FRAMES
        for i, (header, jpeg, depth, confidence) in enumerate(split(wire_file.read_bytes())):
            assert got["depth"][i].tobytes() == depth
            assert got["confidence"][i].tobytes() == confidence
            np.testing.assert_array_equal(got["intrinsics"][i], np.float32(header[11:15]))
            np.testing.assert_array_equal(got["pose"][i], np.float32(header[15:]))
            assert_same_picture(got["rgb"][i], decoded(jpeg))
        assert (got["kind"] == 1).all()

    def test_a_recording_of_ours(self, numbered: Path, tmp_path: Path) -> None:
        recording = Recording(numbered)
        with phone(numbered, fps=30) as process:
            _, got = take(process.address, tmp_path / "got.npz", 20)
        for i in range(20):
            frame = recording[i]
            np.testing.assert_array_equal(got["depth"][i], frame.depth_m)
            np.testing.assert_array_equal(got["confidence"][i], frame.confidence)
            np.testing.assert_array_equal(got["pose"][i], np.float32(frame.pose.as_list()))
            assert_same_picture(got["rgb"][i], frame.rgb)

    def test_a_real_recording_at_full_size(self, real_data: Path, tmp_path: Path) -> None:
        """1440x1920 without confidence: nothing is mixed, nothing is dropped.

        At a third of the rate that the package can decode, so that a busy computer is no reason to drop; the full rate
        is tested where the stream is recorded (test_cli).
        """
        with phone(real_data / "desk-1.r3d", fps=12) as process:
            _, got = take(process.address, tmp_path / "got.npz", 30, rgb_step=16)
            dropped = process.status().dropped
        with R3dFile(real_data / "desk-1.r3d") as r3d:
            poses = [np.float32(r3d.pose(i).as_list()).tolist() for i in range(len(r3d))]
            numbers = [poses.index(pose.tolist()) for pose in got["pose"]]
            for k, i in enumerate(numbers):
                assert got["depth"][k].tobytes() == lzfse.decompress(r3d.depth_lzfse(i))
                np.testing.assert_array_equal(got["intrinsics"][k], np.float32(r3d.intrinsics(i).as_list()))
                if k % 4 == 0:
                    assert_same_picture(got["rgb"][k], decoded(r3d.jpeg(i))[::16, ::16])
        assert got["confidence"].size == 0
        assert (dropped, numbers) == (0, list(range(30)))

    def test_a_slow_client_makes_the_phone_drop(self, wire_file: Path, tmp_path: Path) -> None:
        sent = [depth for _, _, depth, _ in split(wire_file.read_bytes())]
        with phone(wire_file, fps=60) as process:
            _, got = take(process.address, tmp_path / "got.npz", 10, work_s=0.1)
            assert process.status().dropped > 10
        numbers = [sent.index(depth.tobytes()) for depth in got["depth"]]
        steps = np.diff(numbers) % FRAMES
        assert (steps >= 1).all()
        assert steps.max() > 1

    def test_one_client_after_the_other(self, wire_file: Path, tmp_path: Path) -> None:
        with phone(wire_file, fps=20) as process:
            for out in ("a.npz", "b.npz"):
                _, got = take(process.address, tmp_path / out, 4)
                numbers = [round(float(pose[4] * 7)) for pose in got["pose"]]
                assert (np.diff(numbers) % FRAMES == 1).all()

    def test_not_streaming_and_not_there(self, wire_file: Path, tmp_path: Path) -> None:
        with phone(wire_file, in_usb_mode=False, serial="no-stream") as process:
            status, got = take(process.address, tmp_path / "got.npz", 1)
            assert status == 3
            assert "no-stream" in str(got["message"])
        with phone(wire_file, plugged_in=False) as process:
            assert take(process.address, tmp_path / "got.npz", 1)[0] == 2

    def test_a_client_as_the_packages_demo(self, wire_file: Path) -> None:
        """Waits for an event and calls the getters afterwards, as users of the package do; over TCP."""
        script = (
            "import os, threading\n"
            "from record3d import Record3DStream\n"
            "event, stream = threading.Event(), Record3DStream()\n"
            "stream.on_new_frame, stream.on_stream_stopped = event.set, lambda: None\n"
            "stream.connect(Record3DStream.get_connected_devices()[0])\n"
            "for _ in range(8):\n"
            "    assert event.wait(10)\n"
            "    print(stream.get_rgb_frame().shape, stream.get_depth_frame().shape, end=' ')\n"
            "    print(stream.get_confidence_frame().max())\n"
            "    event.clear()\n"
            "os._exit(0)\n"
        )
        with phone(wire_file, fps=20, address="127.0.0.1:0") as process:
            environment = {**os.environ, "USBMUXD_SOCKET_ADDRESS": process.address}
            done = subprocess.run(
                [sys.executable, "-uc", script], env=environment, capture_output=True, text=True, timeout=30
            )
        assert done.stdout.splitlines() == ["(320, 240, 3) (256, 192) 2"] * 8, done.stderr


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


@pytest.fixture(scope="module")
def plain_phone(wire_file: Path) -> Iterator[PhoneProcess]:
    with phone(wire_file, serial="plain") as process:
        yield process


class TestProtocol:
    def test_one_connection_may_ask_many_things(self, plain_phone: PhoneProcess) -> None:
        (device,) = list_devices(plain_phone.address)
        assert (device.device_id, device.serial, device.product_id) == (1, "plain", 4776)
        with open_socket(plain_phone.address) as connection:
            assert ask(connection, MessageType="Listen") == {"MessageType": "Result", "Number": 1}
            assert ask(connection, Nonsense=1)["Number"] == 1
            assert len(ask(connection, MessageType="ListDevices")["DeviceList"]) == 1

    def test_the_tag_comes_back(self, plain_phone: PhoneProcess) -> None:
        with open_socket(plain_phone.address) as connection:
            send_message(connection, {"MessageType": "ListDevices"}, tag=77)
            assert HEADER.unpack(connection.recv(16, socket.MSG_WAITALL))[1:] == (1, 8, 77)

    @pytest.mark.parametrize(
        ("device", "port", "number"),
        [(2, 14597, 2), ("1", 14597, 2), (1, 1337, 3), (1, 14598, 3), (1, -1, 3), (1, 1 << 40, 3), (1, "x", 3)],
    )
    def test_connect_elsewhere(self, plain_phone: PhoneProcess, device: Any, port: Any, number: int) -> None:
        connection, answer = connect(plain_phone.address, device, port)
        with connection:
            assert answer == number

    @pytest.mark.parametrize(
        "data",
        [
            struct.pack("<4I", 0xFFFFFFFF, 1, 8, 0),
            struct.pack("<4I", 16, 1, 8, 0),
            struct.pack("<4I", 20, 0, 3, 0) + b"abcd",
            struct.pack("<4I", 20, 1, 8, 0) + b"abcd",
            struct.pack("<4I", 16 + len(plistlib.dumps([1])), 1, 8, 0) + plistlib.dumps([1]),
            struct.pack("<4I", 60, 1, 8, 0) + b"<plist><date>yesterday</date></plist>".ljust(44),
            b"GET / HTTP/1.1\r\n\r\n",
        ],
    )
    def test_nonsense_closes_that_connection_alone(self, plain_phone: PhoneProcess, data: bytes) -> None:
        with open_socket(plain_phone.address) as connection:
            connection.sendall(data)
            with suppress(ConnectionResetError):  # where it was closed with some of the nonsense unread
                assert connection.recv(100) == b""
        assert plain_phone.status().state == "ready"
        assert len(list_devices(plain_phone.address)) == 1

    def test_too_many_connections(self, plain_phone: PhoneProcess) -> None:
        crowd = [open_socket(plain_phone.address) for _ in range(20)]
        with pytest.raises((CaptureError, OSError)):
            ask(crowd[-1], MessageType="ListDevices")
        for connection in crowd:
            connection.close()
        wait_until(lambda: _lists_devices(plain_phone.address))

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
            first, _ = connect(process.address)
            assert FrameHeader.parse(read_message(first)[16:]) == messages[0][0]
            first.close()
            time.sleep(0.5)
            second, _ = connect(process.address)
            header = FrameHeader.parse(read_message(second)[16:])
            second.close()
            assert [h for h, *_ in messages].index(header) >= 3
            assert process.status().dropped == 0

    def test_a_client_that_takes_nothing_gives_way(self, wire_file: Path) -> None:
        """As one does that called record3d's disconnect(), which leaves the socket open."""
        with phone(wire_file, fps=200) as process:
            idle, _ = connect(process.address)
            wait_until(lambda: connect(process.address)[1] == 0, timeout_s=10)
            idle.close()

    def test_the_end_of_the_clip(self, wire_file: Path) -> None:
        """Without a loop everything arrives, the stream ends, and so does the phone; its status stays."""
        with phone(wire_file, fps=100, loop=False) as process:
            connection, _ = connect(process.address)
            received = bytearray()
            while data := connection.recv(1 << 20):
                received += data
            assert bytes(received) == wire_file.read_bytes()
            assert process.status() == PhoneStatus("ended", 1.0, FRAMES, 0, "", process.address)
            wait_until(lambda: has_ended(process.pid))
        assert process.status().sent == FRAMES

    def test_a_clip_may_end_unseen(self, wire_file: Path) -> None:
        with phone(wire_file, fps=100, loop=False) as process:
            connection, _ = connect(process.address)
            read_message(connection)
            connection.close()
            wait_until(lambda: process.status().state == "ended")
            assert process.status().sent < FRAMES


def _lists_devices(address: str) -> bool:
    try:
        return len(list_devices(address)) == 1
    except CaptureError:
        return False


def has_ended(pid: int | None) -> bool:
    """Whether the process is gone, or dead and only waiting for its parent to notice."""
    assert pid is not None
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Any, timeout_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about in time"
        time.sleep(0.02)


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


class TestProcess:
    def test_the_socket_is_private_and_goes_with_the_phone(self, plain_phone: PhoneProcess, wire_file: Path) -> None:
        path = Path(plain_phone.address.removeprefix("UNIX:"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with phone(wire_file) as process:
            path = Path(process.address.removeprefix("UNIX:"))
            assert path.is_socket()
        assert not path.parent.exists()
        assert process.status().state == "ended"
        process.stop()

    def test_tcp_is_on_loopback_alone(self, wire_file: Path) -> None:
        with phone(wire_file, address="127.0.0.1:0") as process:
            (listening,) = [c for c in psutil.Process(process.pid).net_connections("inet") if c.status == "LISTEN"]
            assert f"{listening.laddr.ip}:{listening.laddr.port}" == process.address
            assert list_devices(process.address)

    def test_an_address_left_by_a_dead_phone_is_used_again(self, wire_file: Path, tmp_path: Path) -> None:
        address = f"UNIX:{tmp_path}/socket"
        with phone(wire_file, address=address) as process:
            os.kill(process.pid or 0, signal.SIGKILL)
            wait_until(lambda: process.status().state == "failed")
            assert "died (exit code -9)" in process.status().error
            assert (tmp_path / "socket").is_socket()
        with phone(wire_file, address=address) as process:
            with pytest.raises(CaptureError, match="cannot listen at"), phone(wire_file, address=address):
                pass
            assert list_devices(process.address), "the one that was there first goes on"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"what": "nowhere.r3d"}, "nowhere.r3d does not exist"),
            ({"address": "0.0.0.0:5000"}, "listens at UNIX:/path or 127.0.0.1:PORT. Received: '0.0.0.0:5000'"),
            ({"address": "/tmp/x"}, "listens at UNIX:/path"),
            ({"address": "UNIX:/nowhere/at/all"}, "cannot listen at"),
            ({"address": "127.0.0.1:99999"}, "cannot listen at"),
            ({"fps": -1.0}, "the frame rate must be above 0"),
        ],
    )
    def test_what_cannot_work_is_said(self, wire_file: Path, options: dict[str, Any], message: str) -> None:
        final = run_phone(**{"what": str(wire_file), **options})
        assert final.state == "failed"
        assert message in final.error

    def test_a_process_that_fails(self, tmp_path: Path) -> None:
        with PhoneProcess(str(tmp_path)) as process:
            with pytest.raises(CaptureError, match="is not a recording and holds none"):
                process.wait_ready(30)
            assert process.status().state == "failed"

    def test_never_started(self) -> None:
        process = PhoneProcess("demo")
        assert process.status() == PhoneStatus(address=process.address)
        process.stop()

    def test_it_ends_when_its_parent_is_killed(self, wire_file: Path) -> None:
        script = (
            "import sys, time\n"
            "from capture.virtual_phone.phone import PhoneProcess\n"
            "if __name__ == '__main__':\n"
            "    phone = PhoneProcess(sys.argv[1])\n"
            "    phone.start()\n"
            "    phone.wait_ready()\n"
            "    print(phone.pid, phone.address, flush=True)\n"
            "    time.sleep(60)\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", script, wire_file], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        pid, address = parent.stdout.readline().split()
        connection, _ = connect(address)
        parent.kill()
        parent.wait()
        wait_until(lambda: has_ended(int(pid)))
        connection.close()
        assert not Path(address.removeprefix("UNIX:")).parent.exists()

    def test_in_the_foreground_until_a_signal_comes(self, wire_file: Path) -> None:
        heard: list[PhoneStatus] = []

        def interrupt_when_ready() -> None:
            wait_until(lambda: heard and heard[-1].state == "ready")
            assert len(list_devices(heard[-1].address)) == 1
            os.kill(os.getpid(), signal.SIGTERM)

        before = signal.getsignal(signal.SIGTERM)
        thread = threading.Thread(target=interrupt_when_ready)
        thread.start()
        final = run_phone(str(wire_file), report=heard.append)
        thread.join()
        assert signal.getsignal(signal.SIGTERM) is before
        assert (final.state, final.prepared) == ("ended", 1.0)
        assert heard[0].state == "preparing"
        assert heard[-1] == final
