"""Colours, range and doubtful readings: what becomes of a depth map, and what is kept until the next start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.session.color_maps import DEPTH_MAPS, NO_READING, depth_indices
from app.session.display_options import DOUBTFUL, DisplayOptions
from tests.support.frames import make_frame


def frame(confidence: bool = True):
    """Four readings from near to far and a hole; the second and the hole are of low confidence."""
    depth = np.array([[1.0, 2.0, 3.0, 4.0, 0.0]], np.float32)
    levels = np.array([[2, 0, 1, 2, 0]], np.uint8) if confidence else None
    return replace(make_frame(0), depth_m=depth, confidence=levels)


def colours(appearance: DisplayOptions, confidence: bool = True) -> np.ndarray:
    seen = frame(confidence)
    indices, table = appearance.measured(depth_indices(seen.depth_m, 1.0, 4.0), seen)
    return table[indices][0].astype(int)


@pytest.mark.parametrize("name", DEPTH_MAPS)
def test_doubtful_readings_are_shown_dimmed_or_hidden(name: str) -> None:
    shown, dimmed, hidden = (colours(DisplayOptions(name, doubtful=doubtful)) for doubtful in DOUBTFUL)
    background = np.array(NO_READING)
    for each in (shown, dimmed, hidden):
        assert tuple(each[4]) == NO_READING
    assert tuple(hidden[1]) == NO_READING
    assert np.abs(hidden[[0, 2, 3]] - shown[[0, 2, 3]]).max() == 0
    assert np.abs(dimmed[[0, 2, 3]] - shown[[0, 2, 3]]).max() <= 6, "the others keep their colours"
    assert np.abs(dimmed[1] - background).sum() < 0.4 * np.abs(shown[1] - background).sum()
    assert np.abs(dimmed[1] - background).sum() > 0


@pytest.mark.parametrize("doubtful", DOUBTFUL)
def test_without_a_confidence_map_nothing_is_doubtful(doubtful: str) -> None:
    assert np.array_equal(colours(DisplayOptions(doubtful=doubtful), confidence=False), colours(DisplayOptions()))
