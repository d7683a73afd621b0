"""Gaps of the camera's clock are losses; another frame rate is none."""

from __future__ import annotations

import pytest

from capture.sources.camera_gaps import MIN_INTERVALS, NEW_RATE, CameraGaps

INTERVAL_NS = 16_666_667


def lost(steps: list[float], frames: list[int] | None = None) -> int:
    """After a second of an even stream and then `steps` of the camera's clock, in intervals."""
    gaps = CameraGaps()
    before = sum(gaps.add(INTERVAL_NS, 1) for _ in range(60))
    assert before == 0
    return sum(
        gaps.add(round(step * INTERVAL_NS), count)
        for step, count in zip(steps, frames or [1] * len(steps), strict=True)
    )


def test_an_even_stream_has_lost_nothing() -> None:
    assert lost([1, 1.02, 0.98, 1] * 20) == 0


@pytest.mark.parametrize(
    ("steps", "missing"), [([2, 1], 1), ([5, 1], 4), ([2, 3, 1], 3), ([2, 1] * 30, 30), ([600, 1], 599)]
)
def test_each_missing_frame_counts_once_the_rate_is_seen_to_be_the_same(steps: list[float], missing: int) -> None:
    assert lost(steps) == missing


def test_a_gap_at_the_end_is_not_certain_yet() -> None:
    assert lost([5]) == 0


def test_known_losses_are_not_counted_again() -> None:
    assert lost([3, 1], [3, 1]) == 0
    assert lost([5, 1], [3, 1]) == 2


def test_another_rate_is_no_loss() -> None:
    assert lost([2.0] * 100) == 0
    assert lost([2.0] * 100 + [4, 2]) == 1, "and is the usual one from then on"
    assert lost([0.5] * 100 + [1, 0.5]) == 1
    assert NEW_RATE < 100


def test_gaps_of_the_first_moments_count_too() -> None:
    gaps = CameraGaps()
    steps = [1, 1, 3, 1, 1, 1, 1, 1, 1, 1]
    assert len(steps) == MIN_INTERVALS
    assert [gaps.add(step * INTERVAL_NS, 1) for step in steps] == [0] * 9 + [2]


def test_a_stream_that_begins_anew_and_one_too_short_to_tell() -> None:
    gaps = CameraGaps()
    for _ in range(30):
        gaps.add(INTERVAL_NS, 1)
    gaps.restart()
    assert sum(gaps.add(step * INTERVAL_NS, 1) for step in [9] * (MIN_INTERVALS - 1)) == 0
