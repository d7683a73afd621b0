"""Where each panel of a grid goes: arithmetic only, without Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIN_PICTURE_WIDTH = 16.0  # pixels; in a window too small for any picture


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, from the upper left corner of the grid."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class GridSpace:
    """The room for panels of one size: pictures of `aspect` (width / height), each with `text_height` pixels of text.

    `gap` pixels separate the panels from each other and from the edge.
    """

    width: int
    height: int
    aspect: float
    text_height: int
    gap: int

    def picture(self, columns: int, count: int) -> tuple[int, int]:
        """(width, height) of the largest picture with which `count` panels fit into so many columns."""
        rows = -(-count // columns)
        width = (self.width - (columns + 1) * self.gap) / columns
        height = (self.height - (rows + 1) * self.gap) / rows - self.text_height
        width = max(MIN_PICTURE_WIDTH, min(width, height * self.aspect))
        return int(width), int(width / self.aspect)


def arrange(names: Sequence[str], space: GridSpace, pairs: Sequence[tuple[str, str]] = ()) -> dict[str, Box]:
    """A box for each name, in as many columns as make the pictures largest, row by row, centred as a whole.

    With two columns, the end of a row does not separate two names that are one of `pairs`.
    """
    count = len(names)
    columns = max(range(1, count + 1), key=lambda columns: space.picture(columns, count)[0])
    width, picture_height = space.picture(columns, count)
    height, rows = picture_height + space.text_height, -(-count // columns)
    left = (space.width - columns * width - (columns - 1) * space.gap) // 2
    top = (space.height - rows * height - (rows - 1) * space.gap) // 2
    return {
        name: Box(
            left + (i % columns) * (width + space.gap), top + (i // columns) * (height + space.gap), width, height
        )
        for i, name in enumerate(_ordered(names, columns, pairs))
    }


def _ordered(names: Sequence[str], columns: int, pairs: Sequence[tuple[str, str]]) -> Sequence[str]:
    """The first name moved behind the next two, if these are a pair that the end of the first row would separate."""
    first, *others = names
    if columns == 2 and len(others) > 1 and (others[0], others[1]) in pairs:
        return [*others[:2], first, *others[2:]]
    return names
