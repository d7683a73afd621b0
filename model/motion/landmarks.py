"""Where tracked points are in the world: the point nearest to all rays that saw it, in closed form.

A ray from c in unit direction d is (I - d d') (X - c) away from X. The sum of squares over the rays of a point is
X' A X - 2 b' X + q with A = sum (I - d d'), b = sum (I - d d') c, q = sum c' (I - d d') c, each over the ray's
variance. So X = A^-1 b, and three sums hold a point however often it was seen (the midpoint method: Hartley and Sturm,
"Triangulation", CVIU 1997; Hartley and Zisserman, "Multiple View Geometry", 2nd edition, 12.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.motion.view import Float64, MotionView, Pixels

KEPT = 0.9  # of the weight of earlier rays at each new one: poses drift, and memory of ten rays is enough
_REGULAR = 1e-9  # parallel rays leave A singular


@dataclass(frozen=True, eq=False)
class Triangulated:
    """Points in the newest view; all (n,) but the first.

    world_m    float64 (n, 3)
    ahead_m    distance along the camera's axis
    deviation  of log `ahead_m`, from the deviations of the rays
    strain     how far apart the rays pass, in their standard deviations, unbiased; NaN with fewer than two rays
    miss_px    from where the point is seen now to where it should be
    """

    world_m: Float64
    ahead_m: Float64
    deviation: Float64
    strain: Float64
    miss_px: Float64


class Landmarks:
    """Sums of the rays of each tracked point, in the tracker's order."""

    def __init__(self) -> None:
        self._a, self._b = np.zeros((0, 3, 3)), np.zeros((0, 3))
        self._q, self._n = np.zeros(0), np.zeros(0)

    def __len__(self) -> int:
        return len(self._n)

    def select(self, keep: NDArray[np.bool_]) -> None:
        """Forget the points that were not found again."""
        self._a, self._b, self._q, self._n = self._a[keep], self._b[keep], self._q[keep], self._n[keep]

    def grow(self, count: int) -> None:
        """Add new points, which no ray has seen."""
        self._a = np.concatenate([self._a, np.zeros((count, 3, 3))])
        self._b = np.concatenate([self._b, np.zeros((count, 3))])
        self._q = np.concatenate([self._q, np.zeros(count)])
        self._n = np.concatenate([self._n, np.zeros(count)])

    def clear(self) -> None:
        """Forget all rays: the poses after this do not fit those before."""
        for sums in (self._a, self._b, self._q, self._n):
            sums[:] = 0

    def add(self, view: MotionView, pixels: Pixels, error_px: float) -> None:
        """Add the ray through each point's pixel; `error_px`: the standard deviation of a ray of this view."""
        d, c = view.directions(pixels), view.position_m
        across = (np.eye(3) - d[:, :, None] * d[:, None, :]) / error_px**2
        self._a = KEPT * self._a + across
        self._b = KEPT * self._b + across @ c
        self._q = KEPT * self._q + np.einsum("i,nij,j->n", c, across, c)
        self._n = KEPT * self._n + 1

    def triangulate(self, view: MotionView, pixels: Pixels) -> Triangulated:
        """Intersect the rays of each point, as seen from `view` at `pixels`."""
        inverse = np.linalg.inv(self._a + _REGULAR * np.eye(3))
        world_m = np.einsum("nij,nj->ni", inverse, self._b)
        expected, ahead_m = view.project(world_m)
        d = view.directions(pixels)
        focal = view.intrinsics.fx
        # Variances are of pixels; a pixel is distance / focal wide.
        deviation = np.sqrt(np.einsum("ni,nij,nj->n", d, inverse, d)) / focal
        squares = np.einsum("ni,nij,nj->n", world_m, self._a, world_m) - 2 * np.sum(self._b * world_m, axis=1) + self._q
        free = 2 * self._n - 3
        away_m = np.maximum(np.linalg.norm(world_m - view.position_m, axis=1), 1e-3)
        with np.errstate(invalid="ignore", divide="ignore"):
            strain = np.where(free > 0, np.sqrt(np.maximum(squares, 0) / free) / away_m * focal, np.nan)
        miss = np.linalg.norm(expected - pixels, axis=1)
        return Triangulated(world_m, ahead_m, deviation, strain, miss)
