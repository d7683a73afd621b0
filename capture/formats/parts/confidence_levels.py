"""Map the confidence levels of a data set to 0 low, 1 medium, 2 high."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from capture.errors import LidarliveError
from capture.jpeg import UInt8Image

LEVELS = 3
MAX_NAMED = 8  # levels listed in an error message
# Scales of known data sets: ours and ARKit's, per cent, and two ways to halve a byte. The first scale that contains all
# levels used defines them, even if not all three occur: 0 and 100 are low and high, 100 alone is high.
SCALES = ((0, 1, 2), (0, 50, 100), (0, 127, 255), (0, 128, 255))


def confidence_table(maps: Iterable[UInt8Image]) -> UInt8Image:
    """Return uint8 (256,): our level for each value of these confidence maps, uint8 (h, w); reads all of them once.

    Raises LidarliveError if they use more than three levels, or fewer that belong to no known scale.
    """
    used = np.zeros(256, dtype=np.bool_)
    for levels in maps:
        used |= np.bincount(levels.ravel(), minlength=256) > 0
    values = np.flatnonzero(used).tolist()
    scale = next((scale for scale in SCALES if set(values) <= set(scale)), tuple(values))
    if len(scale) != LEVELS:
        named = ", ".join(map(str, values[:MAX_NAMED])) + (", ..." if len(values) > MAX_NAMED else "")
        raise LidarliveError(
            f"confidence must have the levels of {' or '.join('/'.join(map(str, scale)) for scale in SCALES)}, "
            f"or any three. Received: {named}"
        )
    table = np.zeros(256, dtype=np.uint8)
    table[list(scale)] = np.arange(LEVELS)
    return table
