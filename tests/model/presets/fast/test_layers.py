"""The two layers without weights, against the same sums done by other means."""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from model.presets.fast.layers import Doubled, ScreenedPoisson

pytestmark = pytest.mark.trainer

RNG = np.random.default_rng(0)


def test_doubled_is_opencvs_bilinear_enlargement():
    image = RNG.normal(size=(5, 7, 3)).astype(np.float32)
    expected = cv2.resize(image, (14, 10), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(np.asarray(Doubled()(image[None]))[0], expected, atol=1e-5)


def solved(start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """The minimum of the sum of squares, as a least-squares problem of one row a term."""
    height, width = start.shape[:2]
    number = np.arange(height * width).reshape(height, width)
    rows, wanted = [], []

    def add(weight: float, wish: float, *terms: tuple[int, float]) -> None:
        row = np.zeros(height * width)
        for at, factor in terms:
            row[at] = factor * np.sqrt(weight)
        rows.append(row)
        wanted.append(wish * np.sqrt(weight))

    for y, x in np.ndindex(height, width):
        gx, gy, log_wx, log_wy = gradients[y, x]
        add(np.exp(start[y, x, 1]), start[y, x, 0], (number[y, x], 1.0))
        if x + 1 < width:
            add(np.exp(log_wx), gx, (number[y, x + 1], 1.0), (number[y, x], -1.0))
        if y + 1 < height:
            add(np.exp(log_wy), gy, (number[y + 1, x], 1.0), (number[y, x], -1.0))
    return np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0].reshape(height, width)


def test_many_steps_reach_the_minimum():
    start, gradients = RNG.normal(size=(6, 5, 2)), RNG.normal(size=(6, 5, 4))
    drawn = ScreenedPoisson(300)([start[None].astype(np.float32), gradients[None].astype(np.float32)])
    np.testing.assert_allclose(np.asarray(drawn)[0, ..., 0], solved(start, gradients), atol=1e-3)


def test_a_map_that_has_the_gradients_already_stays_as_it_is():
    z = RNG.normal(size=(1, 8, 9, 1)).astype(np.float32)
    gradients = np.zeros((1, 8, 9, 4), np.float32)
    gradients[:, :, :-1, 0] = np.diff(z[..., 0], axis=2)
    gradients[:, :-1, :, 1] = np.diff(z[..., 0], axis=1)
    start = np.concatenate([z, np.zeros_like(z)], axis=-1)
    np.testing.assert_allclose(ScreenedPoisson(5)([start, gradients]), z, atol=1e-5)


def test_what_leads_out_of_the_picture_counts_for_nothing():
    start, gradients = np.zeros((1, 4, 4, 2), np.float32), np.zeros((1, 4, 4, 4), np.float32)
    gradients[:, :, -1, 0] = 5
    gradients[:, -1, :, 1] = 5
    assert not np.asarray(ScreenedPoisson(8)([start, gradients])).any()


@pytest.mark.parametrize("logs", [-1e9, 1e9])
def test_no_weight_is_without_bounds(logs: float):
    start = np.stack([RNG.normal(size=(4, 4)), np.full((4, 4), logs)], axis=-1)[None].astype(np.float32)
    gradients = np.full((1, 4, 4, 4), logs, np.float32)
    gradients[..., :2] = 0.1
    assert np.isfinite(ScreenedPoisson(8)([start, gradients])).all()


def test_both_survive_a_file(tmp_path: Path):
    start, gradients = keras.Input((None, None, 2)), keras.Input((None, None, 4))
    model = keras.Model([start, gradients], Doubled()(ScreenedPoisson(3)([start, gradients])))
    model.save(tmp_path / "layers.keras")
    given = [RNG.normal(size=(2, 4, 6, c)).astype(np.float32) for c in (2, 4)]
    answer = np.asarray(keras.saving.load_model(tmp_path / "layers.keras")(given))
    assert answer.shape == (2, 8, 12, 1)
    np.testing.assert_allclose(answer, model(given), atol=1e-6)
