"""Check numbers and poses in JSON documents of other programs, which may hold anything."""

from __future__ import annotations

import math
from typing import TypeGuard

MAX_NUMBER = 1e30  # beyond any measured value; within float32 and float64


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number, finite and of a size that something measured can have."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER


def is_lost_pose(row: object) -> bool:
    """Whether it is the pose (qx qy qz qw tx ty tz) of a frame whose tracking was lost: zeros, or not finite."""
    if not isinstance(row, list) or len(row) != 7 or not all(type(value) in (int, float) for value in row):
        return False
    return not any(row[:4]) or not all(isinstance(value, int) or math.isfinite(value) for value in row)
