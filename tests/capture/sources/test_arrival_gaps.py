"""Pauses in a stream are counted if frames may be missing, not if one was only late or is known to be lost."""

from __future__ import annotations

from capture.sources.arrival_gaps import MIN_INTERVALS, ArrivalGaps

INTERVAL_NS = 16_666_667


def possibly_lost(times: list[float], indices: list[int] | None = None) -> int:
    """After a second of an even stream and then arrivals at `times`, in intervals since its last frame."""
    arrivals = ArrivalGaps()
    for i in range(60):
        arrivals.add(i, i * INTERVAL_NS)
    for index, time in zip(indices or range(60, 60 + len(times)), times, strict=True):
        arrivals.add(index, round((59 + time) * INTERVAL_NS))
    return arrivals.possibly_lost


def test_an_even_stream_and_one_that_trembles() -> None:
    assert possibly_lost([1, 2, 3]) == 0
    assert possibly_lost([1.4, 2, 3.3, 4]) == 0


def test_a_pause_counts_the_frames_that_would_have_filled_it() -> None:
    assert possibly_lost([1, 3, 4]) == 1
    assert possibly_lost([4]) == 3
    assert possibly_lost([2, 4, 6]) == 3


def test_frames_that_catch_up_were_late_and_not_lost() -> None:
    assert possibly_lost([3, 3.1, 3.2, 4]) == 0
    assert possibly_lost([3, 3.1, 4]) == 1
    assert possibly_lost([3, 3.6, 4.2, 4.8, 5.4, 6, 7]) == 0, "as fast as a slow decoder can"
    assert possibly_lost([1, 1.1, 1.2, 2]) == 0, "nothing is owed"


def test_a_frame_that_is_missing_stays_so_though_others_tremble() -> None:
    assert possibly_lost([2, *(2 + i + 0.3 * (i % 2) for i in range(1, 60))]) == 1


def test_what_is_known_to_be_lost_is_not_counted_again() -> None:
    assert possibly_lost([3, 4], [62, 63]) == 0
    assert possibly_lost([5], [62]) == 2


def test_a_new_rate_is_soon_the_usual_one() -> None:
    slow = [2.0 * i for i in range(1, 100)]
    assert possibly_lost(slow) < 20


def test_a_stream_that_begins_anew_and_one_too_short_to_tell() -> None:
    arrivals = ArrivalGaps()
    for i in range(30):
        arrivals.add(i, i * INTERVAL_NS)
    arrivals.restart()
    arrivals.add(31, 500 * INTERVAL_NS)
    for i in range(MIN_INTERVALS - 1):
        arrivals.add(32 + i, (600 + 100 * i) * INTERVAL_NS)
    assert arrivals.possibly_lost == 0
