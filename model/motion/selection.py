"""Select the triangulated points that count: enough parallax, in front of the camera, and seen where they should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.motion.landmarks import Triangulated

LEAST_POINTS = 8  # fewer say nothing about the poses
MOST_DEVIATION = 0.3  # of log distance
MOST_MISS_PX = 1.5
MOST_STRAIN = 2.5  # standard deviations
NEAR_M, FAR_M = 0.05, 20.0
_MEDIAN_OF_NORMAL = 0.6745  # of the absolute value


@dataclass(frozen=True, eq=False)
class Selection:
    """`counted` bool (n,); `deviation` float64 (n,) of log distance, as large as the rays' disagreement demands.

    `parallax`: number of points whose rays are apart enough, whether or not they fit.
    """

    counted: NDArray[np.bool_]
    deviation: NDArray[np.float64]
    parallax: int

    @property
    def agreement(self) -> float:
        """Share of the points with parallax that count."""
        return float(self.counted.sum()) / max(self.parallax, 1)


def select(points: Triangulated) -> Selection:
    """Select from points of one view."""
    seen = np.isfinite(points.strain)
    # Errors of the poses move the rays of all points: what they strain is what they shift.
    noise = float(np.median(points.strain[seen])) / _MEDIAN_OF_NORMAL if seen.sum() >= LEAST_POINTS else 1.0
    deviation = points.deviation * max(1.0, noise)
    with_parallax = seen & (points.deviation < MOST_DEVIATION)
    with np.errstate(invalid="ignore"):
        fits = (points.ahead_m > NEAR_M) & (points.ahead_m < FAR_M)
        fits &= (points.miss_px < MOST_MISS_PX) & (points.strain < MOST_STRAIN)
    counted = with_parallax & fits & (deviation < MOST_DEVIATION)
    return Selection(counted, deviation, int(with_parallax.sum()))
