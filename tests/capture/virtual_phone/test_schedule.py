"""When frames are due: evenly, or at the clip's own times, round after round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.virtual_phone.schedule import Schedule

OWN_S = (0.0, 0.1, 0.2, 0.5, 0.6)


def test_even_frames() -> None:
    schedule = Schedule(20, 30)
    assert [schedule.due_s(n) for n in (0, 1, 5)] == [0, 0.05, 0.25]
    assert [schedule.first_from(seconds) for seconds in (0, 0.01, 0.05, 0.051)] == [0, 1, 1, 2]
    assert [schedule.first_after(seconds) for seconds in (0, 0.01, 0.05)] == [1, 1, 2]


def test_own_times_are_repeated_and_the_last_frame_is_shown_as_long_as_most() -> None:
    schedule = Schedule(10, 10, OWN_S)
    assert [schedule.due_s(n) for n in range(7)] == pytest.approx([*OWN_S, 0.7, 0.8])
    assert [schedule.first_from(seconds) for seconds in (0, 0.21, 0.5, 0.65, 0.75)] == [0, 3, 3, 5, 6]
    assert [schedule.first_after(seconds) for seconds in (0, 0.21, 0.5, 0.65)] == [1, 3, 4, 5]


def test_another_rate_plays_them_faster() -> None:
    schedule = Schedule(20, 10, OWN_S)
    assert [schedule.due_s(n) for n in range(6)] == pytest.approx([each / 2 for each in (*OWN_S, 0.7)])


def test_a_frame_of_a_pause_is_not_dropped() -> None:
    schedule = Schedule(10, 10, OWN_S)
    assert schedule.following(2, 0.2, 0.21) == 3
    assert schedule.following(2, 0.2, 0.55) == 4, "frame 3 was due while frame 2 was being sent"


@given(st.integers(0, 10**6), st.booleans(), st.floats(0.01, 0.99))
def test_frames_are_due_in_order(n: int, even: bool, share: float) -> None:
    schedule = Schedule(30, 30, None if even else OWN_S)
    here, next_one = schedule.due_s(n), schedule.due_s(n + 1)
    assert here < next_one
    between = here + share * (next_one - here)
    assert schedule.first_from(between) == n + 1
    assert schedule.first_after(between) == n + 1
