"""Whatever a phone sends, or does not: both drivers name it, go on to count, and resume with the frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from capture.frame import Camera, Frame
from capture.sources.arrivals import PATIENCE_S
from capture.sources.drivers import DRIVERS
from capture.sources.phone import PhoneSource
from capture.usb.remedies import Problem
from tests.support.frames import encoded_message, make_frame, number_of
from tests.support.phones import phone
from tests.support.streams import WITHOUT_FRAMES
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.phone, pytest.mark.slow]

QUICK_S = 0.5  # a person waits for longer


@pytest.fixture(params=list(DRIVERS))
def driver(request: pytest.FixtureRequest) -> str:
    if request.param == "record3d":
        request.getfixturevalue("record3d_package")
    return str(request.param)


@contextmanager
def read(source: PhoneSource) -> Iterator[list[Frame]]:
    """Let a thread iterate the source; yields the frames so far."""
    frames: list[Frame] = []

    def run() -> None:
        for frame in source:
            frames.append(frame)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield frames
    finally:
        source.close()
        thread.join()


@pytest.mark.parametrize("first", [0, 5], ids=["before the first frame", "after it"])
@pytest.mark.parametrize("kind", WITHOUT_FRAMES)
def test_what_arrives_is_named_and_counted(driver: str, kind: str, first: int, wire_file: Path) -> None:
    problem, found, fix = WITHOUT_FRAMES[kind]
    with phone(wire_file, fps=20, faults=[f"{kind}@{first}:1000"]) as stand_in:
        source = DRIVERS[driver]("iPhone", address=stand_in.address)
        with read(source) as frames:
            wait_until(lambda: source.arrivals() is not None, "a connection")
            wait_until(lambda: source.diagnosis(QUICK_S) is not None, "a diagnosis")
            diagnosis, arrivals = source.diagnosis(QUICK_S), source.arrivals()
            assert diagnosis is not None
            assert arrivals is not None
            assert arrivals.waited_s >= QUICK_S
            assert diagnosis.problem is Problem[problem]
            assert found in diagnosis.found
            assert fix in diagnosis.fix
            assert bool(frames) == bool(first)
            wait_until(lambda: str(source.diagnosis(QUICK_S)) != str(diagnosis), "it counts on")
            newest = source.diagnosis(QUICK_S)
            assert newest is not None
            assert newest.title == diagnosis.title


def test_it_is_over_with_the_next_frame(driver: str, wire_file: Path) -> None:
    with phone(wire_file, fps=20, faults=["too-large@3:4"]) as stand_in:
        source = DRIVERS[driver]("iPhone", address=stand_in.address)
        with read(source) as frames:
            wait_until(lambda: source.diagnosis() is not None, "a diagnosis")
            came = len(frames)
            wait_until(lambda: len(frames) > came, "frames")
            wait_until(lambda: source.diagnosis() is None, "no diagnosis")
            lost = source.losses()["oversized"]
            assert lost > 20, "each too large one is counted"
        gaps = [after.index - before.index - 1 for before, after in pairwise(frames)]
        assert max(gaps) >= lost - 2, "and has an index of its own"


def test_a_new_connection_is_the_same_wait(driver: str, wire_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent phone is connected to again and again; for how long it has been silent does not begin anew."""
    monkeypatch.setattr(f"capture.sources.{'record3d.driver' if driver == 'record3d' else 'native'}.SILENCE_S", 0.3)
    with phone(wire_file, fps=20, faults=["silent@5:1000"]) as stand_in:
        source = DRIVERS[driver]("iPhone", address=stand_in.address)
        with read(source):
            wait_until(lambda: source.losses().get("disconnected", 0) > 1, "two new connections")
            arrivals = source.arrivals()
            assert arrivals is not None
            assert arrivals.waited_s > 0.6
            assert source.diagnosis(QUICK_S) is not None


def test_pictures_of_the_front_camera_arrive(driver: str, tmp_path: Path) -> None:
    """1932x2576 with depth of 480x640: larger than any of the back camera."""
    size, depth_size = (1932, 2576), (480, 640)
    frames = [make_frame(i, size, depth_size, confidence=False, camera=Camera.TRUEDEPTH) for i in range(4)]
    (tmp_path / "front.wire").write_bytes(b"".join(map(encoded_message, frames)))
    with phone(tmp_path / "front.wire", fps=2) as stand_in:
        source = DRIVERS[driver]("iPhone", address=stand_in.address)
        with read(source) as received:
            wait_until(lambda: len(received) >= 3, "frames")
    for frame in received:
        number_of(frame)
        assert (frame.rgb_size, frame.depth_size, frame.confidence) == (size, depth_size, None)
    assert "oversized" not in source.losses()


def test_a_phone_that_is_unplugged_is_no_silence(driver: str, wire_file: Path) -> None:
    with phone(wire_file, fps=20, faults=["gone@5:1000"]) as stand_in:
        source = DRIVERS[driver]("iPhone", address=stand_in.address)
        with read(source):
            wait_until(lambda: "no phone found" in source.state.detail, "the phone is gone")
            assert source.arrivals() is None
            assert source.diagnosis(patience_s=0) is None
        assert source.state.name == "ended"


def test_within_three_seconds() -> None:
    assert PATIENCE_S < 3


def test_nothing_is_wrong_while_frames_arrive(driver: str, wire_file: Path) -> None:
    with phone(wire_file, fps=20) as stand_in:
        source = DRIVERS[driver]("iPhone", address=stand_in.address)
        with read(source) as frames:
            wait_until(lambda: len(frames) > 2, "frames")
            until_s = time.monotonic() + 1
            wait_until(lambda: time.monotonic() > until_s, "a second")
            assert source.diagnosis() is None
