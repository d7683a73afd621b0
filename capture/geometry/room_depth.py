"""Judge whether the depth of a recording can be that of a room in the unit that was assumed for it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MAX_NEAR_M = 4.0  # of the nearest readings: a hand-held camera in a room always has something closer
MAX_FAR_M = 15.0  # of the farthest: indoor depth cameras measure up to 10 m
MIN_NEAR_M, MIN_FAR_M = 0.1, 0.6  # all within arm's length, and nearer than any depth camera measures
MIN_DEEPEST_M = 0.15  # of the farthest readings
USUAL_M = 1.6  # geometric mean of the nearest and the farthest readings of rooms: about 0.6 and 4 m
SCALES = (1, 10, 100, 1000, 5000, 10_000, 100_000, 1_000_000)  # units per metre of known data sets
NEAR_FAR = (2, 98)  # percentiles
_BIN_MM = 10
_BINS = 65_536 // _BIN_MM + 1
_EVERY = 4  # pixels, in both directions; enough for percentiles


class DepthReadings:
    """Distribution of the readings of many depth maps, in a fixed amount of memory."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)
        self.maps = 0

    def add(self, millimetres: NDArray[np.uint16]) -> None:
        """Add a depth map, uint16 (h, w) millimetres, 0 = no reading."""
        sampled = millimetres[::_EVERY, ::_EVERY]
        self._counts += np.bincount(sampled[sampled > 0] // _BIN_MM, minlength=_BINS)
        self.maps += 1

    def near_far_m(self) -> tuple[float, float] | None:
        """Return the NEAR_FAR percentiles in metres, to a centimetre; None without readings."""
        below = np.cumsum(self._counts)
        if not below[-1]:
            return None
        near, far = (int(np.searchsorted(below, below[-1] * share / 100)) for share in NEAR_FAR)
        return (near + 0.5) * _BIN_MM / 1000, (far + 0.5) * _BIN_MM / 1000


def unit_doubt(near_far_m: tuple[float, float] | None, units_per_metre: float) -> str:
    """Return why the unit assumed for the depth is probably wrong, with the likely one; empty if it is plausible.

    near_far_m: the NEAR_FAR percentiles of all readings, metres, as read with `units_per_metre`.
    """
    if near_far_m is None:
        return ""
    near_m, far_m = near_far_m
    if near_m > MAX_NEAR_M or far_m > MAX_FAR_M:
        what = "deeper than a room"
    elif far_m < MIN_DEEPEST_M or (near_m < MIN_NEAR_M and far_m < MIN_FAR_M):
        what = "nearer than a depth camera measures"
    else:
        return ""
    likely = units_per_metre * math.sqrt(near_m * far_m) / USUAL_M
    scale = min(SCALES, key=lambda each: abs(math.log(each / likely)))
    if scale == units_per_metre:
        return ""
    return (
        f"its depth is {near_m:.3g} to {far_m:.3g} m, {what}, if {units(units_per_metre)} a metre. If not, import it "
        f"again, probably with --depth-scale {scale}"
    )


def units(units_per_metre: float) -> str:
    """Return a scale in words: `1000 units are`, as in "1000 units are a metre"."""
    return "1 unit is" if units_per_metre == 1 else f"{units_per_metre:g} units are"
