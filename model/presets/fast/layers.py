"""Two layers of preset `fast` that Keras lacks, without weights and for pictures of any size."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any

LEAST_LOG_WEIGHT, MOST_LOG_WEIGHT = -4.0, 5.0  # bounds of the weights: no pixel is ignored or certain


@keras.saving.register_keras_serializable("lidarlive")
class ScreenedPoisson(keras.layers.Layer):  # type: ignore[misc]
    """Fits a map to given gradients: a few Jacobi steps on

        sum w (z - z0)^2 + sum wx (z[x+1] - z - gx)^2 + sum wy (z[y+1] - z - gy)^2

    the screened Poisson equation (Bhat et al., "Fourier Analysis of the 2D Screened Poisson Equation for Gradient
    Domain Problems", ECCV 2008), here with a weight for each pixel and each direction.

    [z0 and log w (n, h, w, 2), gx, gy, log wx, log wy (n, h, w, 4)] -> z (n, h, w, 1). The last column's gx and the
    last row's gy lead out of the picture and are ignored.
    """

    def __init__(self, steps: int, **named: Any) -> None:  # noqa: ANN401 - Keras's own
        super().__init__(**named)
        self.steps = steps

    def call(self, given: list[Tensor]) -> Tensor:
        start, gradients = given
        z0, weight = start[..., :1], _weight(start[..., 1:])
        gx, gy = gradients[..., 0:1], gradients[..., 1:2]
        right, down = _weight(gradients[..., 2:3]), _weight(gradients[..., 3:4])
        right = ops.pad(right[:, :, :-1], ((0, 0), (0, 0), (0, 1), (0, 0)))
        down = ops.pad(down[:, :-1], ((0, 0), (0, 1), (0, 0), (0, 0)))
        left = ops.pad(right[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))
        up = ops.pad(down[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))
        total = weight + right + left + down + up
        fixed = weight * z0 - right * gx + left * _from_left(gx) - down * gy + up * _from_above(gy)
        fixed, right, left, down, up = (term / total for term in (fixed, right, left, down, up))
        z = z0
        for _ in range(self.steps):
            z = fixed + right * _from_right(z) + left * _from_left(z) + down * _from_below(z) + up * _from_above(z)
        return z

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        return (*shapes[0][:-1], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": self.steps}


@keras.saving.register_keras_serializable("lidarlive")
class Doubled(keras.layers.Layer):  # type: ignore[misc]
    """(n, h, w, c) -> (n, 2h, 2w, c), bilinear, the borders repeated. Keras 3.15's own layer needs a fixed size."""

    def call(self, x: Tensor) -> Tensor:
        rows = ops.stack([0.75 * x + 0.25 * _from_above(x), 0.75 * x + 0.25 * _from_below(x)], axis=2)
        _, height, width, channels = ops.shape(x)
        x = ops.reshape(rows, (-1, 2 * height, width, channels))
        columns = ops.stack([0.75 * x + 0.25 * _from_left(x), 0.75 * x + 0.25 * _from_right(x)], axis=3)
        return ops.reshape(columns, (-1, 2 * height, 2 * width, channels))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        count, height, width, channels = shape
        return count, height and 2 * height, width and 2 * width, channels


def _weight(logs: Tensor) -> Tensor:
    return ops.exp(ops.clip(logs, LEAST_LOG_WEIGHT, MOST_LOG_WEIGHT))


def _from_left(x: Tensor) -> Tensor:
    """Each pixel's neighbour on its left; the first column is its own."""
    return ops.concatenate([x[:, :, :1], x[:, :, :-1]], axis=2)


def _from_right(x: Tensor) -> Tensor:
    return ops.concatenate([x[:, :, 1:], x[:, :, -1:]], axis=2)


def _from_above(x: Tensor) -> Tensor:
    return ops.concatenate([x[:, :1], x[:, :-1]], axis=1)


def _from_below(x: Tensor) -> Tensor:
    return ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)
