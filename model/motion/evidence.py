"""Combine the points of one picture: the factor of its whole prediction, the deviation of that, and a local field.

The log of true over predicted depth is modelled as one number for the picture plus a smooth field (a Gaussian
process: points that lie close together repeat each other, and where no points are the field is unknown) plus
noise of each point. The mean over the picture and its variance follow in closed form (kriging: Rasmussen and
Williams, "Gaussian Processes for Machine Learning", 2006, 2.2 and 2.7).

Sizes of field and noise: the starter's errors on NYU's validation images and on 7-Scenes' kitchen (median inside a
picture 0.13 and 0.15, correlated over 0.15 of the longer side). Where the factor is far from 1 the shape is wrong too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from model.motion.view import Float64, Pixels

CELLS = 8  # along the longer side: a cell is smaller than the field's length
FIELD_DEVIATION = 0.17
FIELD_FOREIGN = 0.2  # of the log factor
FIELD_LENGTH = 0.2  # of the picture's longer side
POINT_DEVIATION = 0.1  # of log ratio: what the prediction gets wrong from pixel to pixel
LEAST_POINTS = 8
_MEAN_VARIANCE = 4.0  # the factor itself is left open here; the filter has the prior
_TUKEY = 4.685  # 95 % efficient (Huber, "Robust Statistics")
_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the points of one picture agree on.

    log_scale  of the factor by which predicted depth is too small, mean over the picture; `deviation` of it
    points     that are left by robust weights
    spread     of their log ratios
    local      float32 (rows, columns) over the picture: the field, 0 far from all points
    """

    log_scale: float
    deviation: float
    points: int
    spread: float
    local: NDArray[np.float32]


def weigh(log_ratio: Float64, deviation: Float64, pixels: Pixels, size: tuple[int, int]) -> Evidence | None:
    """Combine points: log of triangulated over predicted depth and its deviation (n,), pixels (n, 2) of `size`.

    `size`: (width, height) of the picture. None where fewer than `LEAST_POINTS` agree.
    """
    if len(log_ratio) < LEAST_POINTS:
        return None
    weights, spread = robust_weights(log_ratio, deviation)
    kept = weights > 0
    if kept.sum() < LEAST_POINTS:
        return None
    values, variances, places = _by_cell(log_ratio[kept], deviation[kept], weights[kept], pixels[kept], size)
    foreign = FIELD_FOREIGN * float(np.median(values))
    mean, variance, local = _field(values, variances, places, size, max(math.hypot(FIELD_DEVIATION, foreign), spread))
    # Poses and calibration err alike for all points of a picture: more points do not reduce that part.
    common = float(np.median(deviation[kept]))
    return Evidence(mean, math.hypot(math.sqrt(variance), common), int(kept.sum()), spread, local)


def robust_weights(log_ratio: Float64, deviation: Float64) -> tuple[Float64, float]:
    """Return Tukey's weights 0..1 of each value about their robust mean, and the spread (1.4826 MAD)."""
    middle = float(np.median(log_ratio))
    spread = 1.4826 * float(np.median(np.abs(log_ratio - middle)))
    precision = 1 / (deviation**2 + POINT_DEVIATION**2)
    limit = _TUKEY * max(spread, 0.05)
    weights = np.ones(len(log_ratio))
    for _ in range(_ROUNDS):
        weights = np.clip(1 - ((log_ratio - middle) / limit) ** 2, 0, None) ** 2
        middle = float(np.average(log_ratio, weights=weights * precision))
    return weights, spread


def _by_cell(
    log_ratio: Float64, deviation: Float64, weights: Float64, pixels: Pixels, size: tuple[int, int]
) -> tuple[Float64, Float64, Float64]:
    """Weighted mean, its variance, and mean place (in longer sides) of the points in each occupied cell."""
    longer = max(size)
    places = (pixels + 0.5) / longer
    cell = np.floor(places * CELLS).astype(int)
    _, index = np.unique(cell[:, 1] * (CELLS + 1) + cell[:, 0], return_inverse=True)
    precision = weights / (deviation**2 + POINT_DEVIATION**2)
    total = np.bincount(index, precision)
    values = np.bincount(index, precision * log_ratio) / total
    x, y = (np.bincount(index, precision * places[:, axis]) / total for axis in (0, 1))
    return values, 1 / total, np.stack([x, y], axis=1)


def _field(
    values: Float64, variances: Float64, places: Float64, size: tuple[int, int], amplitude: float
) -> tuple[float, float, NDArray[np.float32]]:
    """Return mean over the picture, its variance, and the field about the mean."""
    grid, (rows, columns) = _grid(*size)
    seen = amplitude**2 * _correlation(places, places) + np.diag(variances)
    between = amplitude**2 * _correlation(grid, places)
    precision = np.linalg.inv(seen + _MEAN_VARIANCE)
    gain = (between.mean(axis=0) + _MEAN_VARIANCE) @ precision
    own = amplitude**2 * float(_correlation(grid, grid).mean()) + _MEAN_VARIANCE
    mean, variance = float(gain @ values), own - float(gain @ (between.mean(axis=0) + _MEAN_VARIANCE))
    local = between @ np.linalg.solve(seen, values - mean)
    return mean, max(variance, 0.0), local.reshape(rows, columns).astype(np.float32)


def _correlation(one: Float64, other: Float64) -> Float64:
    apart = np.linalg.norm(one[:, None] - other[None], axis=2)
    correlation: Float64 = np.exp(-apart / FIELD_LENGTH)
    return correlation


@lru_cache(maxsize=8)
def _grid(width: int, height: int) -> tuple[Float64, tuple[int, int]]:
    """Return centres of the cells in longer sides (rows * columns, 2), and (rows, columns)."""
    longer = max(width, height)
    columns, rows = (max(1, round(CELLS * side / longer)) for side in (width, height))
    x, y = (np.arange(columns) + 0.5) / columns * width / longer, (np.arange(rows) + 0.5) / rows * height / longer
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2), (rows, columns)
