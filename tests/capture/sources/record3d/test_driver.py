"""The real record3d package in its child process, against the stand-in phone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from capture.errors import LidarliveError
from capture.protocol.wire import PEERTALK_HEADER
from capture.sources.record3d.driver import Record3dSource
from capture.sources.stand_in import StandInSource
from capture.virtual_phone.process import PhoneProcess
from tests.support.frames import encoded_message, make_frame, number_of
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("record3d_package")


def test_every_frame_in_order_none_mixed(numbered: Path) -> None:
    for _ in range(5):
        with StandInSource(str(numbered), "test", loop=False) as source:
            numbers = [number_of(frame) for frame in source]
            losses, state = source.losses(), source.state
        if "phone_dropped" not in losses:  # else a busy computer had the phone drop frames: once more
            break
    assert numbers == list(range(60))
    assert losses == {}
    assert state.name == "ended"


def test_the_parts_of_a_frame_are_unchanged(numbered: Path) -> None:
    with StandInSource(str(numbered), "test", loop=True) as source:
        frame = next(iter(source))
    assert (frame.index, frame.rgb_size, frame.depth_size, frame.camera.value) == (0, (240, 320), (192, 256), "lidar")
    assert frame.depth_m[0, 0] == 0
    assert frame.confidence is not None
    assert (frame.confidence == 2).all()


def test_a_killed_capture_process_is_replaced_and_the_stream_continues(numbered: Path) -> None:
    with StandInSource(str(numbered), "test", loop=True) as source:
        frames = iter(source)
        seen = [next(frames) for _ in range(10)]
        (child,) = [p for p in multiprocessing.active_children() if p.name == "lidarlive-capture"]
        os.kill(child.pid, signal.SIGKILL)
        seen += [next(frames) for _ in range(40)]
        for frame in seen:
            number_of(frame)
        assert source.losses()["disconnected"] >= 1
        assert all(a.index < b.index for a, b in pairwise(seen))
        assert {p.pid for p in multiprocessing.active_children()}.isdisjoint({child.pid})


def test_a_frame_with_impossible_numbers_is_lost_and_counted(tmp_path: Path) -> None:
    messages = [bytearray(encoded_message(make_frame(i))) for i in range(10)]
    struct.pack_into("<f", messages[3], PEERTALK_HEADER.size + 11 * 4, float("nan"))  # fx, behind eleven sizes
    (tmp_path / "nan.wire").write_bytes(b"".join(messages))
    with StandInSource(str(tmp_path / "nan.wire"), "test", loop=False) as source:
        assert [number_of(frame) for frame in source] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
        assert source.losses() == {"corrupt": 1}


def test_no_usbmuxd() -> None:
    with pytest.raises(LidarliveError, match="no usbmuxd at"), Record3dSource("iPhone", wait=False) as source:
        next(iter(source))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "record3d", None)
    with pytest.raises(LidarliveError, match="record3d is not installed"):
        next(iter(Record3dSource("iPhone", wait=True)))


@pytest.mark.parametrize(
    ("options", "message"), [({"plugged_in": False}, "no phone found"), ({"in_usb_mode": False}, "is not streaming")]
)
def test_a_phone_that_cannot_stream(numbered: Path, options: dict[str, bool], message: str) -> None:
    with PhoneProcess(str(numbered), **options) as phone:
        phone.start()
        phone.wait_ready(20)
        with (
            pytest.raises(LidarliveError, match=message),
            Record3dSource("iPhone", None, phone.address, False) as source,
        ):
            next(iter(source))


def test_the_serial_picks_the_phone(numbered: Path) -> None:
    with PhoneProcess(str(numbered), serial="the-one") as phone:
        phone.start()
        phone.wait_ready(20)
        with (
            pytest.raises(LidarliveError, match="connected: the-one"),
            Record3dSource("x", "other", phone.address, False) as s,
        ):
            next(iter(s))
        with Record3dSource("x", "the-one", phone.address, False) as source:
            assert number_of(next(iter(source))) >= 0


def test_nothing_is_left_running_when_the_app_is_killed(numbered: Path) -> None:
    """kill -9 of the app: the capture process and the stand-in phone end by themselves."""
    script = (
        "import multiprocessing, sys\n"
        "from capture.sources.stand_in import StandInSource\n"
        "if __name__ == '__main__':\n"
        "    frames = iter(StandInSource(sys.argv[1], 'test', loop=True))\n"
        "    next(frames)\n"
        "    print(*(p.pid for p in multiprocessing.active_children()), flush=True)\n"
        "    while True: next(frames)\n"
    )
    path = numbered.parent / "app.py"
    path.write_text(script)
    root = ROOT
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, path, numbered], env=environment, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        children = [int(pid) for pid in app.stdout.readline().split()]
        app.kill()
    assert len(children) == 2
    wait_until(lambda: not any(map(psutil.pid_exists, children)), "the end of the app's child processes")
