"""Decide which picture of a film belongs to which line of a list.

Apps stamp the pictures of a film with a count (Stray Scanner: n / 60 s) or with the camera's time. A picture that the
encoder did not take is missing in the film, and only its neighbours' stamps show where.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capture.formats.film.mp4_times import FilmTimes

WITHIN = 0.25  # usual steps between a picture's stamp and its place; half a step would fit any
FITS = 0.9  # share of the pictures that a rule must place to be believed
Floats = NDArray[np.float64]


def pictures_by_line(film: FilmTimes, lines_s: Floats) -> dict[int, int] | None:
    """Return the number of the picture that belongs to each line; lines without a picture are absent.

    lines_s  float64 (n,), seconds, ascending; NaN for a line that cannot be read

    Stamps are taken as the camera's times if they fit the lines' times, else as a count of the lines. None if neither
    fits: the stamps are then of no use.
    """
    stamps = film.pictures_s
    if len(stamps) < 2 or not len(lines_s):
        return {i: i for i in range(min(len(stamps), len(lines_s)))}
    step_s = float(np.median(np.diff(stamps)))
    if step_s <= 0:
        return None
    rules = (_by_time, _by_count)
    # A film that begins late lacks its first pictures; other programs delay films for reasons of their own.
    starts = (0.0,) if film.delay_s <= 0 else (0.0, film.delay_s)
    candidates = [rule(stamps + start_s, lines_s, step_s) for start_s in reversed(starts) for rule in rules]
    best = max(candidates, key=len)  # the first of those that place as many
    return best if len(best) >= FITS * min(len(stamps), len(lines_s)) else None


def _by_time(stamps: Floats, lines_s: Floats, step_s: float) -> dict[int, int]:
    known = np.flatnonzero(np.isfinite(lines_s))
    if len(known) < 2 or known[0] != 0:  # the first picture belongs to the first line
        return {}
    since_s = lines_s[known] - lines_s[0]
    after = np.clip(np.searchsorted(since_s, stamps), 1, len(since_s) - 1)
    before = after - 1
    nearest = np.where(np.abs(since_s[before] - stamps) <= np.abs(since_s[after] - stamps), before, after)
    fits = np.abs(since_s[nearest] - stamps) <= WITHIN * step_s
    return {int(known[nearest[i]]): int(i) for i in np.flatnonzero(fits)}


def _by_count(stamps: Floats, lines_s: Floats, step_s: float) -> dict[int, int]:
    places = stamps / step_s
    numbers = np.rint(places).astype(int)
    fits = (np.abs(places - numbers) <= WITHIN) & (numbers < len(lines_s))
    return {int(numbers[i]): int(i) for i in np.flatnonzero(fits)}
