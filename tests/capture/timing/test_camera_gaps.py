"""Gaps of the camera's clock are losses; another frame rate is none."""

from __future__ import annotations

from itertools import accumulate

import pytest

from capture.timing.camera_gaps import MIN_INTERVALS, NEW_RATE, CameraGaps, Gap
from capture.timing.frame_times import FrameTime

INTERVAL_NS = 16_666_667
EVEN = [1.0] * 60


def gaps_of(steps: list[float], indices: list[int] | None = None, restart_at: int = -1) -> list[Gap]:
    """The gaps of a stream with these intervals of the camera's clock; the frame after steps[i] is frame i."""
    gaps, found = CameraGaps(), []
    for i, at in enumerate(accumulate(steps, initial=0.0)):
        if i == restart_at:
            gaps.restart()
        found += gaps.add(FrameTime(round(at * INTERVAL_NS), run=1), indices[i] if indices else i, i - 1)
    return found


def lost(steps: list[float]) -> int:
    """After a second of an even stream."""
    return sum(gap.missing for gap in gaps_of(EVEN + steps))


def test_an_even_stream_has_lost_nothing() -> None:
    assert lost([1, 1.02, 0.98, 1] * 20) == 0


@pytest.mark.parametrize(
    ("steps", "missing"), [([2, 1], 1), ([5, 1], 4), ([2, 3, 1], 3), ([2, 1] * 30, 30), ([60, 1], 59)]
)
def test_each_missing_frame_counts_once(steps: list[float], missing: int) -> None:
    assert lost(steps) == missing


def test_gaps_have_their_place() -> None:
    assert gaps_of([*EVEN, 3, 1, 1, 2, 1]) == [Gap(60, 2), Gap(63, 1)]


def test_in_a_long_pause_the_camera_may_have_captured_nothing() -> None:
    assert gaps_of([*EVEN, 61, 1, 2, 1]) == [Gap(60, 60, certain=False), Gap(62, 1)]


def test_a_gap_at_the_end_is_not_certain_yet() -> None:
    assert lost([5]) == 0


def test_known_losses_are_not_counted_again() -> None:
    indices = [*range(61), 63, 64, 65, 67, 68]
    assert gaps_of([*EVEN, 3, 1, 1, 2, 1], indices) == []
    assert gaps_of([*EVEN, 5, 1, 1, 2, 1], indices) == [Gap(60, 2)]


def test_another_rate_is_no_loss() -> None:
    assert lost([2.0] * 100) == 0
    assert lost([2.0] * 100 + [4, 2]) == 1, "and is the usual one from then on"
    assert lost([0.5] * 100 + [1, 0.5]) == 1
    assert NEW_RATE < 100


def test_gaps_of_the_first_moments_count_too() -> None:
    assert gaps_of([1, 1, 3] + [1] * (MIN_INTERVALS - 3)) == [Gap(2, 2)]


def test_a_stream_that_begins_anew_and_one_too_short_to_tell() -> None:
    assert gaps_of([*EVEN, 50, *EVEN], restart_at=61) == []
    assert gaps_of([1, 2, 3] * (MIN_INTERVALS // 3)) == []


def test_frames_that_arrival_timed_are_passed_over() -> None:
    """And so is the step from one run of the clock to the next."""
    gaps, found = CameraGaps(), []
    for i in range(90):
        run = 0 if i in (30, 31) else 1 + (i >= 60)
        found += gaps.add(FrameTime(i * INTERVAL_NS + (i >= 60) * 10**12, run), i, i)
    assert found == []
