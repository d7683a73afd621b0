"""Triangulation in closed form: true distances from exact rays, and honest deviations from inexact ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.motion.landmarks import Landmarks, Triangulated
from model.motion.selection import select
from model.motion.view import MotionView
from tests.support.textured_plane import plane_view, rotation

RNG = np.random.default_rng(0)
VIEW = plane_view(0.0)
SMALL = st.floats(-0.2, 0.2)
VECTOR = st.tuples(SMALL, SMALL, SMALL)


def camera(position_m: NDArray[np.float64], turn: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> MotionView:
    return replace(VIEW, position_m=position_m, rotation=rotation(turn))


def points(count: int, seed: int = 0) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    return random.uniform((-0.3, -0.4, 1.0), (0.3, 0.4, 3.0), (count, 3))


def seen(views: list[MotionView], world_m: NDArray[np.float64], noise_px: float = 0.0) -> Triangulated:
    landmarks = Landmarks()
    landmarks.grow(len(world_m))
    pixels = np.zeros((len(world_m), 2), np.float32)
    for view in views:
        pixels = view.project(world_m)[0] + RNG.normal(0, noise_px, pixels.shape).astype(np.float32)
        landmarks.add(view, pixels, max(noise_px, 1.0))
    return landmarks.triangulate(views[-1], pixels)


@given(moves=st.lists(st.tuples(VECTOR, VECTOR), min_size=2, max_size=6), seed=st.integers(0, 1000))
def test_exact_rays_give_the_true_points(
    moves: list[tuple[tuple[float, float, float], tuple[float, float, float]]], seed: int
) -> None:
    assume(np.linalg.norm(np.subtract(moves[0][0], moves[1][0])) > 0.05)
    world_m = points(20, seed)
    views = [camera(np.array(position), turn) for position, turn in moves]
    found = seen(views, world_m)
    parallax = found.deviation < 0.1
    assert np.allclose(found.world_m[parallax], world_m[parallax], rtol=2e-3, atol=2e-3)
    assert np.all(found.miss_px[parallax] < 0.05)
    assert np.all(found.strain[parallax] < 0.05)


def test_the_deviation_is_that_of_many_trials() -> None:
    world_m = np.tile([[0.1, -0.05, 1.5]], (2000, 1))
    views = [camera(np.array([x, 0.0, 0.0])) for x in (0.0, 0.05, 0.1)]
    found = seen(views, world_m, noise_px=1.0)
    error = np.log(found.ahead_m / 1.5)
    assert np.std(error) / np.median(found.deviation) > 0.85
    assert np.std(error) / np.median(found.deviation) < 1.15
    assert 0.8 < np.sqrt(np.mean(found.strain**2)) < 1.2  # unbiased


def test_more_parallax_and_more_rays_are_more_certain() -> None:
    world_m = points(5)
    near = seen([camera(np.array([x, 0.0, 0.0])) for x in (0.0, 0.02)], world_m).deviation
    far = seen([camera(np.array([x, 0.0, 0.0])) for x in (0.0, 0.2)], world_m).deviation
    often = seen([camera(np.array([x, 0.0, 0.0])) for x in (0.0, 0.2, 0.0, 0.2)], world_m).deviation
    assert np.all(far < near / 5)
    assert np.all(often < far)


def test_turning_alone_tells_no_distance() -> None:
    views = [camera(np.zeros(3), (0.0, angle, 0.0)) for angle in (0.0, 0.05, 0.1)]
    found = seen(views, points(30), noise_px=0.3)
    assert not np.any(select(found).counted)
    assert select(found).parallax == 0


def test_one_ray_is_no_distance() -> None:
    found = seen([camera(np.zeros(3))], points(30))
    assert np.all(np.isnan(found.strain))
    assert not np.any(select(found).counted)


def test_a_thing_that_moves_by_itself_does_not_count() -> None:
    world_m, landmarks = points(30), Landmarks()
    landmarks.grow(30)
    for i in range(4):
        view = camera(np.array([0.05 * i, 0.0, 0.0]))
        moving = world_m + np.where(np.arange(30)[:, None] < 5, [0.0, 0.05 * (-1) ** i, 0.0], 0.0)
        pixels = view.project(moving)[0]
        landmarks.add(view, pixels, 1.0)
    counted = select(landmarks.triangulate(view, pixels)).counted
    assert not counted[:5].any()
    assert counted[5:].all()


def test_poses_that_disagree_with_the_rays_raise_the_deviation_of_all() -> None:
    world_m, landmarks = points(60), Landmarks()
    landmarks.grow(60)
    for i in range(5):
        true = camera(np.array([0.05 * i, 0.0, 0.0]))
        pixels = true.project(world_m)[0]
        believed = camera(true.position_m + RNG.normal(0, 0.01, 3))
        landmarks.add(believed, pixels, 1.0)
    found = landmarks.triangulate(believed, pixels)
    assert np.median(select(found).deviation / found.deviation) > 1.5


def test_forgotten_rays_do_not_count() -> None:
    world_m, landmarks = points(3), Landmarks()
    landmarks.grow(3)
    for x in (0.0, 0.1):
        view = camera(np.array([x, 0.0, 0.0]))
        landmarks.add(view, view.project(world_m)[0], 1.0)
    landmarks.select(np.array([True, False, True]))
    assert len(landmarks) == 2
    found = landmarks.triangulate(view, view.project(world_m[[0, 2]])[0])
    assert np.allclose(found.world_m, world_m[[0, 2]], atol=1e-3)
    landmarks.clear()
    assert np.all(np.isnan(landmarks.triangulate(view, view.project(world_m[[0, 2]])[0]).strain))
