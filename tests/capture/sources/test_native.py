"""Our own driver against the stand-in phone, and against the official package on the same stream."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.frame import Frame
from capture.protocol.capture_time import CaptureTime, encode_misc, parse_misc
from capture.protocol.wire import PEERTALK_HEADER, with_misc
from capture.sources.drivers import phone_driver
from capture.sources.native import NativeSource
from capture.sources.phone import PhoneSource
from capture.sources.record3d.driver import Record3dSource
from capture.sources.stand_in import StandInSource
from capture.virtual_phone.process import PhoneProcess
from tests.support.frames import encoded_message, make_frame, number_of

pytestmark = pytest.mark.phone


def played(kind: type[PhoneSource], what: Path, count: int) -> list[Frame]:
    """The first frames of `what` through a driver of that kind."""
    for fps in (20, 10, 5):  # slower where a busy computer has the phone drop frames
        with PhoneProcess(str(what), fps=fps, loop=False) as phone:
            phone.start()
            phone.wait_ready()
            with kind("test", address=phone.address, wait=False) as source:
                frames = [frame for frame, _ in zip(source, range(count), strict=False)]
            dropped = phone.status().dropped
        if not dropped:
            break
    assert dropped == 0
    return frames


@pytest.fixture
def without_record3d(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.setitem(sys.modules, "record3d", None)


@pytest.mark.usefixtures("without_record3d")
def test_without_the_package_our_own_driver_plays_every_frame(numbered: Path) -> None:
    assert phone_driver() is NativeSource
    with StandInSource(str(numbered), "test", loop=False) as source:
        frames = list(source)
        assert source.losses() == {}
        assert source.state.name == "ended"
    assert [frame.index for frame in frames] == list(range(60))
    assert [round(frame.pose.position_m[0]) for frame in frames] == list(range(60))


@pytest.mark.usefixtures("record3d_package")
def test_both_drivers_give_the_same_frames(numbered: Path) -> None:
    ours, theirs = (played(kind, numbered, 20) for kind in (NativeSource, Record3dSource))
    assert len(ours) == len(theirs) == 20
    for own, official in zip(ours, theirs, strict=True):
        assert np.abs(own.rgb.astype(int) - official.rgb).max() <= 4, "further apart than JPEG decoders are"
        np.testing.assert_array_equal(own.depth_m, official.depth_m)
        np.testing.assert_array_equal(own.confidence, official.confidence)
        assert (own.intrinsics, own.pose, own.camera) == (official.intrinsics, official.pose, official.camera)
        assert (own.index, official.jpeg) == (official.index, None)


def test_damage_is_counted_and_the_stream_continues(tmp_path: Path) -> None:
    messages = [bytearray(encoded_message(make_frame(i))) for i in range(6)]
    messages[2][-40] ^= 0xFF  # in the confidence map
    struct.pack_into("<f", messages[4], PEERTALK_HEADER.size + 11 * 4, float("inf"))
    (tmp_path / "hurt.wire").write_bytes(b"".join(messages))
    with PhoneProcess(str(tmp_path / "hurt.wire"), fps=20, loop=False) as phone:
        phone.start()
        phone.wait_ready()
        with NativeSource(
            "test", address=phone.address, wait=False, is_over=lambda: phone.status().state == "ended"
        ) as s:
            indices = [frame.index for frame in s]
            losses = s.losses()
    assert 4 not in indices
    assert losses["corrupt"] == 6 - len(indices)
    assert set(indices) >= {0, 1, 3, 5}


def test_a_phone_that_does_not_stream(numbered: Path) -> None:
    with PhoneProcess(str(numbered), in_usb_mode=False) as phone:
        phone.start()
        phone.wait_ready()
        with pytest.raises(LidarliveError, match="is not streaming"):
            next(iter(NativeSource("test", address=phone.address, wait=False)))


def test_a_phone_that_is_unplugged_and_reconnected(numbered: Path, tmp_path: Path) -> None:
    address = f"UNIX:{tmp_path}/usbmuxd"
    source = NativeSource("test", address=address, wait=True)
    frames = iter(source)
    indices = []
    for _ in range(2):
        with PhoneProcess(str(numbered), address=address) as phone:
            phone.start()
            phone.wait_ready()
            indices += [next(frames).index for _ in range(5)]
    source.close()
    assert indices == sorted(indices)
    assert source.losses() == {"disconnected": 1}


@pytest.mark.usefixtures("record3d_package")
def test_both_drivers_give_the_time_of_capture_and_lose_no_frame_without_one(tmp_path: Path) -> None:
    """None for the frames without misc too, for which the package returns the misc of the frame before."""
    sent: list[bytes] = [encode_misc(CaptureTime(65_575.5 + i / 20, 1.7e9 + i / 20)) for i in range(16)]
    sent[3] = sent[4] = b""
    sent[6], sent[8], sent[9] = b"x" * (1 << 20), b'{"metadata": {"relativeTimestamp": NaN}}', b"[" * 9000
    wire = tmp_path / "timed.wire"
    wire.write_bytes(b"".join(with_misc(encoded_message(make_frame(i)), misc) for i, misc in enumerate(sent)))
    for kind in (NativeSource, Record3dSource):
        frames = played(kind, wire, 12)
        assert [number_of(frame) for frame in frames] == list(range(12))
        assert [CaptureTime(f.camera_time_s, f.phone_time_unix_s) for f in frames] == list(map(parse_misc, sent[:12]))
        assert [i for i, f in enumerate(frames) if f.camera_time_s is None] == [3, 4, 6, 8, 9]
