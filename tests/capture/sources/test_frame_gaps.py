"""Where the camera's clock times frames, losses are certain and jitter of USB is none; else pauses are estimated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from capture.frame import Frame
from capture.sources.drivers import DRIVERS
from capture.sources.frame_gaps import FrameGaps
from capture.sources.stand_in import StandInSource
from capture.virtual_phone.process import PhoneProcess
from tests.support.frames import make_frame, timed, write_recording

SMALL = (8, 8), (4, 4)


def sent(numbers: list[int]) -> list[Frame]:
    """Frames that the camera numbered so, and that arrived one after the other."""
    return [replace(timed(make_frame(number, *SMALL)), index=i) for i, number in enumerate(numbers)]


def counted(frames: list[Frame]) -> tuple[int, int]:
    """Certainly lost and possibly lost."""
    gaps = FrameGaps()
    return sum(map(gaps.add, frames)), gaps.possibly_lost


def test_gaps_of_the_camera_are_certain() -> None:
    numbers = [i for i in range(60) if i not in (20, 21, 40)]
    assert counted(sent(numbers)) == (3, 0)


def test_in_a_pause_of_the_app_they_are_only_possible() -> None:
    assert counted(sent([*range(30), *range(90, 120), *range(121, 130)])) == (1, 60)


def test_without_times_they_are_only_possible() -> None:
    numbers = [i for i in range(60) if i not in (20, 21, 40)]
    certain, possible = counted([replace(frame, camera_time_s=None) for frame in sent(numbers)])
    assert certain == 0
    assert 1 <= possible <= 4


def test_a_computer_that_was_busy_lost_nothing() -> None:
    """Frames 30 to 59 are read late, all at once."""
    frames = sent(list(range(90)))
    late_ns = frames[60].received_ns
    frames[30:60] = [replace(frame, received_ns=late_ns + i) for i, frame in enumerate(frames[30:60])]
    assert counted(frames) == (0, 0)


def test_a_frame_without_a_usable_time_is_no_gap() -> None:
    frames = sent([i for i in range(60) if i != 50])
    frames[20] = replace(frames[20], camera_time_s=None)
    frames[30] = replace(frames[30], camera_time_s=frames[29].camera_time_s)
    frames[40] = replace(frames[40], camera_time_s=0.0)
    assert counted(frames) == (1, 0)


def test_a_clock_that_is_set_back_is_no_gap() -> None:
    frames = sent(list(range(90)))
    frames[40:] = [replace(frame, camera_time_s=(frame.camera_time_s or 0) - 60_000) for frame in frames[40:]]
    assert counted(frames) == (0, 0)


def test_after_a_disconnection_nothing_is_known() -> None:
    gaps, frames = FrameGaps(), sent([*range(30), *range(80, 110)])
    certain = sum(map(gaps.add, frames[:30]))
    gaps.restart()
    assert certain + sum(map(gaps.add, frames[30:])) == 0


@pytest.mark.phone
@pytest.mark.parametrize("driver", list(DRIVERS))
def test_a_phone_that_dropped_frames(driver: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A recording of such a phone, played: certain for a driver, and no loss of the stand-in phone itself."""
    if driver == "record3d":
        request.getfixturevalue("record3d_package")
    numbers = [i for i in range(64) if i not in (20, 21, 40)]
    walk = write_recording(tmp_path, "walk", [timed(make_frame(i, (240, 320), (192, 256))) for i in numbers])
    for _ in range(5):
        with PhoneProcess(str(walk), fps=15, loop=False) as phone:
            phone.wait_ready(30)
            is_over = lambda: phone.status().state == "ended"  # noqa: E731
            with DRIVERS[driver]("test", address=phone.address, wait=False, is_over=is_over) as source:
                frames = list(source)
            if phone.status().dropped == 0:  # else a busy computer had the phone drop frames: once more
                break
    assert len(frames) == len(numbers)
    assert (source.losses(), source.possibly_lost()) == ({"phone_dropped": 3}, 0)
    for _ in range(5):
        with StandInSource(str(walk), "test", loop=False, driver=driver) as stand_in:
            frames = list(stand_in)
        if len(frames) == len(numbers):
            break
    assert stand_in.losses() == {}
