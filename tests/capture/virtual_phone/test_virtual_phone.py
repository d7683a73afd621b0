"""The stand-in phone: the real record3d package connects to it like to an iPhone; its process and its socket."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import lzfse
import numpy as np
import psutil
import pytest

from capture.errors import LidarliveError
from capture.formats.r3d_reader import R3dFile
from capture.recording import Recording
from capture.usb.usbmuxd import list_devices
from capture.virtual_phone.process import PhoneProcess, PhoneStatus, run_phone
from tests.support.paths import ROOT
from tests.support.phones import FRAMES, connect, has_ended, phone, split
from tests.support.waiting import wait_until

pytestmark = pytest.mark.phone

CLIENT = ROOT / "tests/support/record3d_client.py"


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


def decode_frame(jpeg: bytes) -> np.ndarray:
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)


def assert_same_picture(received: np.ndarray, sent: np.ndarray) -> None:
    """Two JPEG decoders differ in rounding, and where they interpolate colour across a sharp edge."""
    difference = np.abs(received.astype(int) - sent.astype(int))
    assert difference.mean() < 1
    assert np.percentile(difference, 99) <= 4


@pytest.mark.usefixtures("record3d_package")
class TestWithRecord3d:
    def test_every_part_of_every_frame(self, wire_file: Path, tmp_path: Path) -> None:
        for fps in (12, 6, 3):  # slower where a busy computer has the phone drop frames
            with phone(wire_file, fps=fps, loop=False) as process:
                _, got = take(process.address, tmp_path / "got.npz", FRAMES)
                assert process.status().state == "ended"
            if not process.status().dropped:
                break
        assert (process.status().sent, process.status().dropped) == (FRAMES, 0)
        assert len(got["depth"]) == FRAMES
        for i, (header, jpeg, depth, confidence) in enumerate(split(wire_file.read_bytes())):
            assert got["depth"][i].tobytes() == depth
            assert got["confidence"][i].tobytes() == confidence
            np.testing.assert_array_equal(got["intrinsics"][i], np.float32(header[11:15]))
            np.testing.assert_array_equal(got["pose"][i], np.float32(header[15:]))
            assert_same_picture(got["rgb"][i], decode_frame(jpeg))
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

        At a third of the rate that the package can decode, and slower where a busy computer has the phone drop frames;
        the full rate is tested where the stream is recorded (test_commands).
        """
        for fps in (12, 6, 3):
            with phone(real_data / "desk-1.r3d", fps=fps) as process:
                _, got = take(process.address, tmp_path / "got.npz", 30, rgb_step=16)
                dropped = process.status().dropped
            if not dropped:
                break
        with R3dFile(real_data / "desk-1.r3d") as r3d:
            poses = [np.float32(r3d.pose(i).as_list()).tolist() for i in range(len(r3d))]
            numbers = [poses.index(pose.tolist()) for pose in got["pose"]]
            for k, i in enumerate(numbers):
                assert got["depth"][k].tobytes() == lzfse.decompress(r3d.depth_lzfse(i))
                np.testing.assert_array_equal(got["intrinsics"][k], np.float32(r3d.intrinsics(i).as_list()))
                if k % 4 == 0:
                    assert_same_picture(got["rgb"][k], decode_frame(r3d.jpeg(i))[::16, ::16])
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


class TestProcess:
    def test_the_socket_is_private_and_goes_with_the_phone(self, wire_file: Path) -> None:
        with phone(wire_file) as process:
            path = Path(process.address.removeprefix("UNIX:"))
            assert path.is_socket()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
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
            wait_until(lambda: process.status().state == "failed", "the phone is seen to be dead")
            assert "died (exit code -9)" in process.status().error
            assert (tmp_path / "socket").is_socket()
        with phone(wire_file, address=address) as process:
            with pytest.raises(LidarliveError, match="cannot listen at"), phone(wire_file, address=address):
                pass
            assert list_devices(process.address), "the one that was there first goes on"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"what": "nowhere.r3d"}, "nowhere.r3d does not exist"),
            ({"address": "0.0.0.0:5000"}, "must be UNIX:/path or 127.0.0.1:PORT. Received: '0.0.0.0:5000'"),
            ({"address": "/tmp/x"}, "must be UNIX:/path"),
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
            with pytest.raises(LidarliveError, match="is not a recording and holds none"):
                process.wait_ready(30)
            assert process.status().state == "failed"

    def test_never_started(self) -> None:
        process = PhoneProcess("demo")
        assert process.status() == PhoneStatus(address=process.address)
        process.stop()

    def test_it_ends_when_its_parent_is_killed(self, wire_file: Path) -> None:
        script = (
            "import sys, time\n"
            "from capture.virtual_phone.process import PhoneProcess\n"
            "if __name__ == '__main__':\n"
            "    phone = PhoneProcess(sys.argv[1])\n"
            "    phone.start()\n"
            "    phone.wait_ready()\n"
            "    print(phone.pid, phone.address, flush=True)\n"
            "    time.sleep(60)\n"
        )
        with subprocess.Popen([sys.executable, "-c", script, wire_file], stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            pid, address = parent.stdout.readline().split()
            connection, _ = connect(address)
            parent.kill()
        wait_until(lambda: has_ended(int(pid)), "the phone ends with its parent")
        connection.close()
        assert not Path(address.removeprefix("UNIX:")).parent.exists()

    def test_in_the_foreground_until_a_signal_comes(self, wire_file: Path) -> None:
        heard: list[PhoneStatus] = []

        def interrupt_when_ready() -> None:
            wait_until(lambda: bool(heard) and heard[-1].state == "ready", "the phone is ready")
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
