"""A picture beside its depth: both whole, in the window's colours, above a scale with its labels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from app.cli.pictures.side_by_side import BAR, GAP, LEAST_WIDTH, LONG_SIDE, encode_side_by_side
from app.session.color_maps import NO_READING, TURBO


def drawn(rgb: np.ndarray, depth_m: np.ndarray, near_m: float, far_m: float) -> np.ndarray:
    """The PNG decoded, uint8 (h, w, 3), red first."""
    data = np.frombuffer(encode_side_by_side(rgb, depth_m, near_m, far_m), np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize(("size", "shown"), [((60, 80), (720, 960)), ((1920, 1080), (960, 540))])
def test_picture_and_depth_are_whole_and_side_by_side(size: tuple[int, int], shown: tuple[int, int]):
    width, height = shown
    rgb = np.zeros((size[1], size[0], 3), np.uint8)
    rgb[:, : size[0] // 2] = 200, 100, 50
    depth = np.full((32, 24), 1.0, np.float32)
    depth[:16] = 3.0
    canvas = drawn(rgb, depth, 1.0, 3.0)
    assert canvas.shape[1] == 2 * width + 3 * GAP
    picture = canvas[GAP : GAP + height, GAP : GAP + width]
    assert tuple(picture[9, 9]) == tuple(picture[-9, 9]) == (200, 100, 50)
    assert not picture[9, -9].any()
    beside = canvas[GAP : GAP + height, 2 * GAP + width : 2 * GAP + 2 * width]
    for x in (0, -1):
        assert np.array_equal(beside[0, x], TURBO[255]), "far above"
        assert np.array_equal(beside[-1, x], TURBO[1]), "near below"
    bar = canvas[2 * GAP + height + BAR // 2, 2 * GAP + width : 2 * GAP + 2 * width]
    assert np.array_equal(bar[0], TURBO[1])
    assert np.array_equal(bar[-1], TURBO[255])
    assert len(np.unique(bar, axis=0)) == len(np.unique(TURBO[1:], axis=0)), "every colour of the map"


def test_the_scale_says_its_own_range():
    rgb, depth = np.zeros((80, 60, 3), np.uint8), np.full((32, 24), 2.0, np.float32)
    texts = [drawn(rgb, depth, 1.0, far)[LONG_SIDE + 2 * GAP + BAR :] for far in (3.0, 4.0)]
    changed = np.flatnonzero((texts[0] != texts[1]).any(axis=(0, 2)))
    assert changed.min() > texts[0].shape[1] - 100, "the far end's number alone"
    assert changed.max() < texts[0].shape[1] - GAP


def test_what_has_no_depth_is_grey_and_a_flat_wall_has_one_colour():
    rgb = np.zeros((80, 60, 3), np.uint8)
    middle = (LONG_SIDE // 2, 2 * GAP + 720 + 360)
    assert tuple(drawn(rgb, np.full((32, 24), 99.0, np.float32), 0.0, 65.0)[middle]) == NO_READING
    assert np.array_equal(drawn(rgb, np.full((32, 24), 2.0, np.float32), 2.0, 2.0)[middle], TURBO[1])


@pytest.mark.parametrize("size", [(1, 1), (3, 4000), (4000, 3)])
def test_any_shape_has_room_for_its_scale(size: tuple[int, int]):
    canvas = drawn(np.full((size[1], size[0], 3), 90, np.uint8), np.ones((32, 24), np.float32), 1.0, 2.0)
    assert canvas.shape[1] >= 2 * LEAST_WIDTH
    assert max(canvas.shape[:2]) >= LONG_SIDE
    assert tuple(canvas[GAP, GAP]) == (90, 90, 90)
