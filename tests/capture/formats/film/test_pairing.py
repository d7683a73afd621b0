"""Which picture of a film belongs to which line, by its stamps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.formats.film.mp4_times import FilmTimes
from capture.formats.film.pairing import pictures_by_line

# Seconds of a real scan, at which the camera took its pictures: some were never given to the app.
REAL_S = np.array([0, 1, 2, 5, 7, 8, 10, 11, 12, 14]) / 59.99 + 65575.5976
STEADY_S = 7 + np.arange(10) / 60


def film(*numbers: float, delay: float = 0) -> FilmTimes:
    """Stamped in sixtieths of a second."""
    return FilmTimes(np.array(numbers, dtype=np.float64) / 60, delay / 60)


@pytest.mark.parametrize(
    ("stamps", "lines_s", "paired"),
    [
        (film(*range(10)), STEADY_S, {i: i for i in range(10)}),
        (film(*range(10)), REAL_S, {i: i for i in range(10)}),
        (film(0, 1, 2, 3, 5, 6, 7, 8, 9), REAL_S, {0: 0, 1: 1, 2: 2, 3: 3, 5: 4, 6: 5, 7: 6, 8: 7, 9: 8}),
        (film(0, 2, 4, 8, 10), STEADY_S[:6], {0: 0, 1: 1, 2: 2, 4: 3, 5: 4}),
        (film(0, 1, 2, 5, 7, 8, 10, 11, 12, 14), REAL_S, {i: i for i in range(10)}),
        (film(0, 1, 2, 7, 8, 10, 11, 12, 14), REAL_S, {0: 0, 1: 1, 2: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7, 9: 8}),
        (film(*range(7), delay=3), STEADY_S, {i + 3: i for i in range(7)}),
        (film(*range(10), delay=3), STEADY_S, {i: i for i in range(10)}),
        (film(*range(12)), STEADY_S, {i: i for i in range(10)}),
        (film(*range(8)), STEADY_S, {i: i for i in range(8)}),
        (film(0), STEADY_S, {0: 0}),
        (film(*range(10)), STEADY_S[:0], {}),
    ],
    ids=[
        *("steady", "count", "count with a gap", "every second", "times", "times with a gap", "begins late"),
        *("delay of no meaning", "more pictures", "fewer pictures", "one picture", "no lines"),
    ],
)
def test_pairs(stamps: FilmTimes, lines_s: np.ndarray, paired: dict[int, int]):
    assert pictures_by_line(stamps, lines_s) == paired


def test_a_line_that_cannot_be_read_keeps_its_picture():
    lines_s = STEADY_S.copy()
    lines_s[[0, 4]] = np.nan
    assert pictures_by_line(film(*range(10)), lines_s) == {i: i for i in range(10)}


def test_stamps_that_fit_nothing():
    assert pictures_by_line(film(0, 1.5, 2.6, 4.4, 5.5, 6.6, 8.1, 9.4), STEADY_S) is None
    assert pictures_by_line(film(0, 0, 0), STEADY_S) is None


@given(st.sets(st.integers(1, 39), max_size=19))
def test_a_missing_picture_costs_its_own_line_alone(missing: set[int]):
    left = [n for n in range(40) if n not in missing]
    assert pictures_by_line(film(*left), np.arange(40) / 60) == {n: i for i, n in enumerate(left)}
