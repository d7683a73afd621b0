"""Arrays as QImages."""

from __future__ import annotations

import numpy as np
import pytest

from app.session.color_maps import TURBO
from app.widgets.qimages import indexed_image, rgb_image


def pixel(image, x: int, y: int) -> tuple[int, int, int]:
    color = image.pixelColor(x, y)
    return color.red(), color.green(), color.blue()


@pytest.mark.parametrize("width", [192, 193, 1])
def test_an_image_shows_the_colours_of_its_table_and_owns_its_pixels(width: int) -> None:
    indices = (np.arange(7 * width * 2, dtype=np.uint32) % 256).astype(np.uint8).reshape(7, width * 2)[:, ::2]
    expected = TURBO[indices[3, width - 1]]
    image = indexed_image(indices, TURBO)
    indices[:] = 0
    assert (image.width(), image.height()) == (width, 7)
    assert pixel(image, width - 1, 3) == tuple(expected)


def test_rgb_image_has_red_first_and_owns_its_pixels() -> None:
    rgb = np.zeros((5, 3, 3), np.uint8)
    rgb[2, 1] = 250, 120, 3
    image = rgb_image(rgb)
    rgb[:] = 0
    assert pixel(image, 1, 2) == (250, 120, 3)
    assert pixel(image, 0, 0) == (0, 0, 0)
