"""Views of a picture: what is seen through them is what a camera there would see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.data import augment
from model.data.augment import AugmentedView

LANDSCAPE, PORTRAIT = (160, 120), (120, 160)
SQUARE_CUT = {LANDSCAPE: (0.75, 1.0), PORTRAIT: (1.0, 0.75)}
SEEDS = st.integers(0, 2**32 - 1)
FOCAL = 130.0  # of the picture as recorded
PLANE = np.array([0.1, -0.15, 0.5])  # n with n . p = 1 for its points p: two metres ahead, slanted both ways


def drawn(seed: int, picture: augment.Size, zoom: float = 1.5, cut: bool = False) -> AugmentedView:
    return AugmentedView.drawn(np.random.default_rng(seed), picture, SQUARE_CUT[picture] if cut else (1.0, 1.0), zoom)


def numbered(size: augment.Size) -> NDArray[np.uint16]:
    """A picture in which every pixel encodes its own number."""
    return np.arange(size[0] * size[1], dtype=np.uint16).reshape(size[::-1])


def plane_depth(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """z of PLANE along the rays (x, y, 1)."""
    return 1 / (PLANE[0] * x + PLANE[1] * y + PLANE[2])


def rays(size: augment.Size, focal: float, middle: tuple[float, float]) -> tuple[NDArray[np.float64], ...]:
    """(x, y) of the ray (x, y, 1) through each pixel of a picture of `size` whose axis goes through `middle`."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    return (columns + 0.5 - middle[0]) / focal, (rows + 0.5 - middle[1]) / focal


@given(SEEDS, st.sampled_from([LANDSCAPE, PORTRAIT]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_plane_seen_through_a_view_is_the_plane_that_a_camera_there_would_measure(seed, picture, cut):
    """That camera: rolled about its axis, with a longer lens, its principal point moved, the picture maybe mirrored."""
    view = drawn(seed, picture, cut=cut)
    size = (round(picture[0] * view.sides[0]), round(picture[1] * view.sides[1])) if cut else picture
    axis = np.array(picture) / 2
    depth = plane_depth(*rays(picture, FOCAL, tuple(axis)))
    seen = view.nearest(depth.astype(np.float32), picture, size)

    zoom = size[0] / (view.sides[0] * picture[0])
    roll = np.radians(view.roll_deg)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    moved = np.array(size) / 2 + zoom * turn.T @ (axis - np.array(view.middle) * picture)
    x, y = rays(size, FOCAL * zoom, tuple(moved))
    x, y = turn[0, 0] * x + turn[0, 1] * y, turn[1, 0] * x + turn[1, 1] * y
    expected = plane_depth(x, y)
    if view.mirrored:
        expected = expected[:, ::-1]
    # z changes by z^2 (nx dx + ny dy); a nearest pixel is off by half a pixel each way, rounding included.
    tolerance = expected.max() ** 2 * np.abs(PLANE[:2]).sum() * 0.55 / FOCAL
    assert np.abs(seen - expected).max() < tolerance


@given(SEEDS, st.sampled_from([LANDSCAPE, PORTRAIT]), st.booleans(), st.sampled_from([1.0, 1.1, 2.0]))
@settings(max_examples=100, deadline=None)
def test_a_view_lies_wholly_within_the_picture(seed, picture, cut, zoom):
    view = drawn(seed, picture, zoom, cut)
    matrix = view.matrix(picture, picture, (50, 40))
    corners = np.array([[x, y, 1.0] for x in (-0.5, 49.5) for y in (-0.5, 39.5)]) @ matrix.T
    assert (corners > -0.5 - 1e-9).all()
    assert (corners < np.array(picture) - 0.5 + 1e-9).all()
    largest = SQUARE_CUT[picture] if cut else (1.0, 1.0)
    assert view.sides[0] / largest[0] == pytest.approx(view.sides[1] / largest[1])  # its shape is kept
    assert 1 / zoom / 1.08 < view.sides[0] / largest[0] <= 1


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_each_pixel_is_the_nearest_of_the_picture_and_none_is_blended(seed):
    view, size = drawn(seed, LANDSCAPE), (48, 36)
    seen = view.nearest(numbered(LANDSCAPE), LANDSCAPE, size)
    taken = np.stack([seen % LANDSCAPE[0], seen // LANDSCAPE[0]], axis=-1).astype(float)
    rows, columns = np.mgrid[: size[1], : size[0]]
    if view.mirrored:
        columns = columns[:, ::-1]
    exact = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ view.matrix(LANDSCAPE, LANDSCAPE, size).T
    assert np.abs(taken - exact).max() < 0.55


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_picture_and_depth_of_other_sizes_stay_registered(seed):
    """Brightness encodes x in the one and y in the other channel; depth, at a third of the size, encodes both too."""
    view, small, size = drawn(seed, PORTRAIT), (40, 54), (60, 80)
    rows, columns = np.mgrid[: PORTRAIT[1], : PORTRAIT[0]]
    rgb = np.stack([columns, rows, columns], axis=-1).astype(np.uint8)
    seen = view.rgb(rgb, PORTRAIT, size).astype(float)
    number = view.nearest(numbered(small), PORTRAIT, size)
    x = (number % small[0] + 0.5) * PORTRAIT[0] / small[0] - 0.5
    y = (number // small[0] + 0.5) * PORTRAIT[1] / small[1] - 0.5
    assert np.abs(seen[..., 0] - x).max() < 0.55 * 3 + 1
    assert np.abs(seen[..., 1] - y).max() < 0.55 * 3 + 1


def test_mirrored_twice_is_as_before():
    rgb = np.random.default_rng(0).integers(0, 256, (*PORTRAIT[::-1], 3), dtype=np.uint8)
    depth = numbered(PORTRAIT)
    view = AugmentedView(mirrored=True)
    once = view.rgb(rgb, PORTRAIT, PORTRAIT), view.nearest(depth, PORTRAIT, PORTRAIT)
    assert np.array_equal(once[0], rgb[:, ::-1])
    assert np.array_equal(view.rgb(once[0], PORTRAIT, PORTRAIT), rgb)
    assert np.array_equal(view.nearest(once[1], PORTRAIT, PORTRAIT), depth)


def test_the_whole_view_is_the_picture_itself():
    depth = numbered(PORTRAIT)
    assert np.array_equal(AugmentedView().nearest(depth, PORTRAIT, PORTRAIT), depth)


def test_views_come_both_ways_round():
    views = [drawn(seed, PORTRAIT) for seed in range(40)]
    assert {view.mirrored for view in views} == {False, True}
    assert min(view.roll_deg for view in views) < -1
    assert max(view.roll_deg for view in views) > 1
    assert all(abs(view.roll_deg) <= augment.ROLL_DEG for view in views)


def test_a_recoloured_picture_shows_the_same_scene_and_the_seed_decides_how():
    rgb = np.zeros((60, 80, 3), np.uint8)
    rgb[:, :, 0], rgb[:, :, 1], rgb[20:40, 30:60, 2] = np.arange(40, 200, 2), 90, 200
    untouched = rgb.copy()
    greys = 0
    for seed in range(60):
        lit = augment.recoloured(rgb, np.random.default_rng(seed))
        assert (lit.dtype, lit.shape) == (np.uint8, rgb.shape)
        assert np.array_equal(lit, augment.recoloured(rgb, np.random.default_rng(seed)))
        assert np.corrcoef(lit.sum(axis=-1, dtype=float).ravel(), rgb.sum(axis=-1, dtype=float).ravel())[0, 1] > 0.8
        greys += bool((np.ptp(lit, axis=-1) == 0).all())
    assert np.array_equal(rgb, untouched)
    assert 0 < greys < 15


@pytest.mark.parametrize("flaw", [augment._soft, augment._noisy, augment._coarse])
def test_flaws_are_moderate(flaw):
    rows, columns = np.mgrid[:96, :128]
    rgb = np.stack([100 + rows, 50 + columns, np.where(columns > 60, 180, 80)], axis=-1).astype(np.uint8)
    for seed in range(10):
        difference = np.abs(flaw(rgb, np.random.default_rng(seed)).astype(float) - rgb)
        assert 0 < difference.mean() < 8
