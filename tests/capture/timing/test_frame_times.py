"""The camera's clock times frames where it can be believed; arrival does the rest, and time keeps increasing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.timing.frame_times import CONFIRMED, FrameTime, FrameTimes, elapsed_s

STEP_S = 1 / 60
JITTER_S = (0.004, 0.0, 0.011, 0.002, 0.007)  # of USB
BOOTED_S = 65_575.5


def arrival_ns(i: int) -> int:
    return round((1_000 + i * STEP_S + JITTER_S[i % 5]) * 1e9)


def camera_s(i: int) -> float:
    return BOOTED_S + i * STEP_S


def line(cameras: list[float | None]) -> tuple[FrameTimes, list[FrameTime]]:
    times = FrameTimes()
    return times, [times.add(arrival_ns(i), camera) for i, camera in enumerate(cameras)]


def steps_s(found: list[FrameTime]) -> list[float]:
    return [(after.time_ns - before.time_ns) / 1e9 for before, after in pairwise(found)]


def test_without_the_cameras_clock_times_are_those_of_arrival() -> None:
    times, found = line([None] * 9)
    assert [each.time_ns for each in found] == [arrival_ns(i) for i in range(9)]
    assert not any(each.by_camera for each in found)
    assert (times.frames, times.by_camera, times.astray) == (9, 0, 0)
    back = FrameTimes()
    assert [back.add(at, None).time_ns for at in (50, 20, 90)] == [50, 20, 90], "as before, also where they go back"


def test_with_it_usb_does_not_show() -> None:
    times, found = line([camera_s(i) for i in range(99)])
    assert [each.time_ns for each in found] == [round(camera_s(i) * 1e9) for i in range(99)]
    assert (times.by_camera, times.astray) == (99, 0)


def test_a_frame_without_a_time_is_bridged_by_its_arrival() -> None:
    cameras: list[float | None] = [camera_s(i) for i in range(20)]
    cameras[7] = cameras[8] = None
    times, found = line(cameras)
    assert [each.by_camera for each in found] == [i not in (7, 8) for i in range(20)]
    assert found[9].time_ns == round(camera_s(9) * 1e9)
    assert all(step > 0 for step in steps_s(found))
    assert (times.by_camera, times.astray) == (18, 0)


@pytest.mark.parametrize("wrong", [BOOTED_S - 5, 0.0, camera_s(9), 8e9])
def test_one_wrong_time_costs_one_frame_its_time(wrong: float) -> None:
    """Back, zero, the previous frame's again, and far ahead."""
    cameras: list[float | None] = [camera_s(i) for i in range(20)]
    cameras[10] = wrong
    times, found = line(cameras)
    assert [i for i, each in enumerate(found) if not each.by_camera] == [10]
    assert {each.run for each in found} == {0, 1}
    assert times.astray == 1
    assert found[-1].time_ns == round(camera_s(19) * 1e9)
    assert all(0 < step < 0.05 for step in steps_s(found))


def test_a_clock_that_is_set_back_is_used_again() -> None:
    """As after a restart of the phone."""
    times, found = line([camera_s(i) if i < 10 else 30 + i * STEP_S for i in range(40)])
    assert [i for i, each in enumerate(found) if not each.by_camera] == [10, 11, 12][:CONFIRMED]
    assert (found[5].run, found[-1].run, times.astray) == (1, 2, CONFIRMED)
    assert steps_s(found[13:]) == pytest.approx([STEP_S] * 26, abs=1e-8)
    assert all(0 < step < 0.05 for step in steps_s(found))


@pytest.mark.parametrize(
    "camera", [lambda i: 0.0, lambda i: 65_575.5, lambda i: 7 + i * 1e-6, lambda i: 900 - i, lambda i: 16.667 * i]
)
def test_a_clock_that_stands_still_goes_back_or_counts_something_else(camera) -> None:  # type: ignore[no-untyped-def]
    times, found = line([camera(i) for i in range(120)])
    assert [each.by_camera for each in found] == [True] + [False] * 119
    assert times.astray == 119
    by_arrival = [(arrival_ns(i + 1) - arrival_ns(i)) / 1e9 for i in range(119)]
    assert steps_s(found) == pytest.approx(by_arrival)


def test_a_computer_that_decodes_at_a_third_of_the_rate_changes_nothing() -> None:
    """The relay holds the frames: twenty seconds of them come within a minute."""
    times = FrameTimes()
    found = [times.add(arrival_ns(3 * i), camera_s(i)) for i in range(1200)]
    found += [times.add(arrival_ns(3600) + i, camera_s(1200 + i)) for i in range(600)]
    assert times.by_camera == 1800
    assert steps_s(found) == pytest.approx([STEP_S] * 1799, abs=1e-8)


def test_a_computer_that_was_busy_changes_nothing() -> None:
    """It reads nothing for three seconds, and then a hundred and eighty frames at once."""
    times = FrameTimes()
    found = [times.add(arrival_ns(i if i < 60 else max(i, 240)), camera_s(i)) for i in range(300)]
    assert times.by_camera == 300
    assert steps_s(found) == pytest.approx([STEP_S] * 299, abs=1e-8)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**11), st.none() | st.sampled_from([0.0, 1.0, 2.0, 9e9]) | st.floats(0, 9e9)),
        max_size=40,
    )
)
def test_times_by_the_camera_increase_whatever_comes(frames: list[tuple[int, float | None]]) -> None:
    times, before = FrameTimes(), None
    for received_ns, camera in sorted(frames, key=lambda frame: frame[0]):
        time = times.add(received_ns, camera)
        if before is not None:
            assert time.time_ns > before.time_ns if time.by_camera else time.time_ns >= before.time_ns
        before = time
    assert times.by_camera + times.astray <= times.frames == len(frames)


def test_the_length_of_a_recording() -> None:
    assert elapsed_s((0, 3_100_000_000), (10.0, 13.0)) == 3.0
    assert elapsed_s((0, 15_000_000_000), (10.0, 16.0)) == 6.0
    assert elapsed_s((0, 3_100_000_000), (10.0, None)) == 3.1
    assert elapsed_s((0, 3_100_000_000), (None, 13.0)) == 3.1
    assert elapsed_s((0, 3_100_000_000), (13.0, 10.0)) == 3.1
    assert elapsed_s((0, 3_100_000_000), (10.0, 900.0)) == 3.1
    assert elapsed_s((5, 0), (None, None)) == 0.0
