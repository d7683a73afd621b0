"""What a depth map tells of damage on its way: LZFSE has no checksum, and the `record3d` package reports nothing.

stale      The package inflates depth into the buffer that holds the map before: where the data is cut short, the rows
           that it did not reach stay as they were. But two maps that a sensor measured are never the same to the bit:
           in 387 pairs of neighbours from an iPhone at most 14 % of the pixels are equal, and never a whole row.
corrupt    Bytes that were flipped inflate to bytes that are shifted, and as float32 those are of any magnitude.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from capture.frame import MAX_DEPTH_M, DepthMap

STALE_ROWS = 4  # this many rows with readings, equal to the bit, are no chance; fewer than that cannot be told from it
MIN_DEPTH_M = 0.001  # nothing measures less, and 16-bit millimetres cannot hold it
_WITHOUT_SIGN = np.uint32(0x7FFF_FFFF)
_MIN_DEPTH, _MAX_DEPTH, _INFINITY = np.array([MIN_DEPTH_M, MAX_DEPTH_M, np.inf], np.float32).view(np.uint32)
IMPOSSIBLE_PIXELS = 16  # a whole map has none; a few odd ones are not worth a frame, and become "no reading"


class DepthFlawError(ValueError):
    """A map has a flaw; `cause` is stale or corrupt."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"depth must be as a sensor measured it. Received: {cause}")
        self.cause = cause


class DepthFlaws:
    """Looks at each map of one connection in turn; used by one thread."""

    def __init__(self) -> None:
        self._before: NDArray[np.uint32] | None = None

    def flaw(self, depth_m: DepthMap) -> str | None:
        """`stale`, `corrupt`, or None where `depth_m`, float32 (h, w) in metres as it came, may be what was measured.

        NaN, infinite and negative values are no flaw: that is how a phone says that there is no reading.
        """
        bits = np.ascontiguousarray(depth_m).view(np.uint32)
        before, self._before = self._before, bits.copy()
        if before is not None and before.shape == bits.shape and _stale_rows(bits, before, depth_m) >= STALE_ROWS:
            return "stale"
        return "corrupt" if _impossible_pixels(bits) >= IMPOSSIBLE_PIXELS else None


def _stale_rows(bits: NDArray[np.uint32], before: NDArray[np.uint32], depth_m: DepthMap) -> int:
    """How many rows at the end of the map are those of the map before, and hold a reading.

    Rows without one say nothing: a covered sensor sends the same empty map again and again.
    """
    if not np.array_equal(bits[-1], before[-1]):  # as good as always
        return 0
    differs = np.flatnonzero((bits != before).any(axis=1))
    same = depth_m[differs[-1] + 1 if differs.size else 0 :]
    return int(np.count_nonzero((same > 0).any(axis=1)))


def _impossible_pixels(bits: NDArray[np.uint32]) -> int:
    """Finite values whose size no sensor measures. As integers, floats without their sign are in the same order."""
    size = bits & _WITHOUT_SIGN
    tiny, huge = (
        (size - 1) < _MIN_DEPTH - 1,
        (size - _MAX_DEPTH - 1) < _INFINITY - _MAX_DEPTH - 1,
    )  # 0 - 1 is very large
    return int(np.count_nonzero(tiny)) + int(np.count_nonzero(huge))
