"""Check numbers and poses in JSON documents of other programs, which may hold anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeGuard

from capture.errors import LidarliveError

MAX_NUMBER = 1e30  # beyond any measured value; within float32 and float64


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number, finite and of a size that something measured can have."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER


def is_lost_pose(row: object) -> bool:
    """Whether it is the pose (qx qy qz qw tx ty tz) of a frame whose tracking was lost: zeros, or not finite."""
    if not isinstance(row, list) or len(row) != 7 or not all(type(value) in (int, float) for value in row):
        return False
    return not any(row[:4]) or not all(isinstance(value, int) or math.isfinite(value) for value in row)


class JsonNumbers:
    """The numbers of a JSON object, read by their keys; `where` begins each error message.

    All methods raise LidarliveError if the value is anything else.
    """

    def __init__(self, document: dict[str, Any], where: str) -> None:
        self._document, self._where = document, where

    def number(self, key: str) -> float:
        value = self._document.get(key)
        if not is_number(value):
            raise self._fault(key, f"must be a number. Received: {value!r:.80}")
        return float(value)

    def side(self, key: str, most: int) -> int:
        """Return a side of a picture, 1 to `most` pixels; a float without a fraction counts."""
        value = self._document.get(key)
        if not is_number(value) or not 0 < value <= most or value != int(value):
            raise self._fault(key, f"must be a whole number of pixels, 1 to {most}. Received: {value!r:.40}")
        return int(value)

    def numbers(self, key: str, values: object, count: int) -> list[float]:
        """Return these values, of which there must be `count`."""
        if not isinstance(values, list) or len(values) != count or not all(map(is_number, values)):
            raise self._fault(key, f"must be {count} numbers. Received: {values!r:.80}")
        return [float(value) for value in values]

    def rows(
        self, key: str, count: int, entries: int, is_empty: Callable[[object], bool] = lambda row: False
    ) -> list[list[float]]:
        """Return a row of `count` numbers per entry, [] for those that are empty; [] if the object lacks the key.

        Rows of one number are numbers themselves.
        """
        rows = self._document.get(key) or []
        if not isinstance(rows, list) or (rows and len(rows) < entries):
            received = len(rows) if isinstance(rows, list) else type(rows).__name__
            raise self._fault(key, f"must have an entry for each frame ({entries}). Received: {received}")
        if count > 1:
            return [[] if is_empty(row) else self.numbers(key, row, count) for row in rows]
        if wrong := [row for row in rows if not is_number(row)]:
            raise self._fault(key, f"must be a number. Received: {wrong[0]!r:.80}")
        return [[float(row)] for row in rows]

    def _fault(self, key: str, message: str) -> LidarliveError:
        return LidarliveError(f"{self._where}: {key}: {message}")
