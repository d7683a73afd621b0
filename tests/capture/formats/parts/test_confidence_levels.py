"""Mapping a data set's own confidence levels to ours."""

from __future__ import annotations

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.formats.parts.confidence_levels import confidence_table


def maps(*levels: list[int]) -> list[np.ndarray]:
    return [np.array([found], np.uint8) for found in levels]


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        ([0, 50, 100], [0, 1, 2]),
        ([0, 1, 2], [0, 1, 2]),
        ([0, 127, 255], [0, 1, 2]),
        ([0, 128, 255], [0, 1, 2]),
        ([3, 60, 61], [0, 1, 2]),  # any three, by their order
        ([0, 100], [0, 2]),  # fewer mean what they mean in their scale
        ([50, 100], [1, 2]),
        ([100], [2]),
        ([0, 255], [0, 2]),
        ([255], [2]),
        ([0, 1], [0, 1]),
        ([1], [1]),
        ([0], [0]),
    ],
)
def test_levels(found: list[int], ours: list[int]):
    table = confidence_table(maps(found))
    assert table[found].tolist() == ours
    assert table.dtype == np.uint8


def test_levels_are_those_of_all_maps_together():
    table = confidence_table(iter(maps([100, 100], [0, 0], [50])))
    assert table[[0, 50, 100]].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ([7], "Received: 7$"),  # one level of no known scale: low, or high?
        ([0, 7], "Received: 0, 7$"),
        ([0, 1, 2, 3], "Received: 0, 1, 2, 3$"),
        (list(range(256)), "Received: 0, 1, 2, 3, 4, 5, 6, 7, ...$"),
    ],
)
def test_levels_that_say_nothing(found: list[int], named: str):
    with pytest.raises(LidarliveError, match=named):
        confidence_table(maps(found[:1], found))
