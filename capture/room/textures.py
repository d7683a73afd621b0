"""Procedural textures of the demo room's surfaces, uint8 (h, w, 3), red first, sRGB.

A `Material` is a large swatch from which any face is cut at its true scale; the pictures below it (a painting, a view
out of a window, a rug, a door) are stretched over one surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.jpeg import UInt8Image

Rng = np.random.Generator
Colour = tuple[float, float, float]  # sRGB, 0..255
_Grey = NDArray[np.float32]

SWATCH_PX = 768


@dataclass(frozen=True, eq=False)
class Material:
    """A swatch of a material; the grain, where it has one, runs along the rows."""

    swatch: UInt8Image
    px_per_m: float
    along_longer_side: bool = False

    def cut(self, rng: Rng, width_m: float, height_m: float) -> UInt8Image:
        """A randomly placed piece, repeated in mirror image where it is larger than the swatch."""
        if self.along_longer_side and height_m > width_m:
            return np.ascontiguousarray(self.cut(rng, height_m, width_m).transpose(1, 0, 2))
        h, w = max(2, round(height_m * self.px_per_m)), max(2, round(width_m * self.px_per_m))
        rows, columns = _mirrored(rng, h, self.swatch.shape[0]), _mirrored(rng, w, self.swatch.shape[1])
        return np.ascontiguousarray(self.swatch[rows][:, columns])


def _mirrored(rng: Rng, length: int, available: int) -> NDArray[np.int64]:
    start = int(rng.integers(0, max(1, available - length)))
    position = (start + np.arange(length)) % (2 * available)
    return np.where(position < available, position, 2 * available - 1 - position)


def noise(rng: Rng, h: int, w: int, cell_h: float, cell_w: float) -> _Grey:
    """Smooth Gaussian noise of about unit variance with features of the given size in pixels."""
    grid = rng.standard_normal((int(h / cell_h) + 3, int(w / cell_w) + 3), dtype=np.float32)
    big = cv2.resize(grid, (int(grid.shape[1] * cell_w), int(grid.shape[0] * cell_h)), interpolation=cv2.INTER_CUBIC)
    return np.asarray(big[int(cell_h) :, int(cell_w) :][:h, :w], dtype=np.float32)


def shade(colour: Colour, brightness: _Grey) -> UInt8Image:
    """The colour times a brightness map (h, w)."""
    return as_bytes(brightness[..., None] * np.array(colour, dtype=np.float32))


def as_bytes(image: NDArray[Any]) -> UInt8Image:
    return np.asarray(np.clip(image, 0, 255).astype(np.uint8))


def tinted(colour: Colour, brightness: float) -> Colour:
    red, green, blue = colour
    return red * brightness, green * brightness, blue * brightness


def vary(rng: Rng, colour: Colour, amount: float = 8.0) -> Colour:
    """A colour like this one: mostly lighter or darker, a little of another hue."""
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, amount) + rng.normal(0, 0.35 * amount, 3), 8, 250)
    return float(red), float(green), float(blue)


def wood(rng: Rng, colour: Colour, px_per_m: float = 300) -> Material:
    n = SWATCH_PX
    y = np.arange(n, dtype=np.float32)[:, None] + 9 * noise(rng, n, n, 70, 400)
    rings = np.sin(y * 0.22 + 3 * np.sin(y * 0.037))
    pores = np.minimum(noise(rng, n, n, 2, 60), 0.5)
    brightness = 1 + 0.03 * rings + 0.05 * noise(rng, n, n, 5, 200) + 0.05 * pores + 0.04 * noise(rng, n, n, 120, 500)
    return Material(shade(colour, brightness), px_per_m, along_longer_side=True)


def plaster(rng: Rng, colour: Colour, px_per_m: float = 200) -> Material:
    n = SWATCH_PX
    brightness = (
        1 + 0.012 * noise(rng, n, n, 3, 3) + 0.012 * noise(rng, n, n, 14, 14) + 0.012 * noise(rng, n, n, 160, 160)
    )
    return Material(shade(colour, brightness), px_per_m)


def wallpaper(rng: Rng, colour: Colour, px_per_m: float = 200) -> Material:
    """Plaster under stripes or a small staggered motif, at random."""
    base = plaster(rng, colour, px_per_m)
    y, x = np.mgrid[:SWATCH_PX, :SWATCH_PX].astype(np.float32)
    if rng.random() < 0.5:
        period = float(rng.choice([32, 64]))
        pattern = (np.sin(2 * np.pi * x / period) > rng.uniform(-0.5, 0.6)).astype(np.float32)
    else:
        period = 64.0
        u, v = np.cos(2 * np.pi * x / period), np.cos(2 * np.pi * y / period)
        pattern = ((u * v > 0.55) | (np.abs(u + v) < 0.08)).astype(np.float32)
    pattern = cv2.GaussianBlur(pattern, (0, 0), 0.8).astype(np.float32)
    strength = rng.uniform(0.05, 0.11) * rng.choice([-1, 1])
    return Material(as_bytes(base.swatch * (1 + strength * pattern[..., None])), px_per_m)


def fabric(rng: Rng, colour: Colour, px_per_m: float = 400) -> Material:
    n = SWATCH_PX
    y, x = np.mgrid[:n, :n]
    over = ((x // 3 + y // 3) % 2).astype(np.float32)
    threads = 0.035 * noise(rng, n, n, 3, 30) * over + 0.035 * noise(rng, n, n, 30, 3) * (1 - over)
    return Material(shade(colour, 0.96 + 0.06 * over + threads + 0.03 * noise(rng, n, n, 90, 90)), px_per_m)


def smooth(rng: Rng, colour: Colour, px_per_m: float = 150) -> Material:
    """Paint, plastic or metal: hardly any structure."""
    n = 256
    return Material(shade(colour, 1 + 0.012 * noise(rng, n, n, 2, 2) + 0.02 * noise(rng, n, n, 60, 60)), px_per_m)


def ribbed(rng: Rng, colour: Colour, px_per_m: float = 300) -> Material:
    """A radiator's front: upright ribs 3 cm apart."""
    x = np.arange(SWATCH_PX, dtype=np.float32) / px_per_m / 0.03
    ribs = 0.84 + 0.16 * np.abs(np.sin(np.pi * x))[None] + 0.01 * noise(rng, SWATCH_PX, SWATCH_PX, 3, 3)
    return Material(shade(colour, ribs.astype(np.float32)), px_per_m)


def plank_floor(rng: Rng, colour: Colour, width_m: float, height_m: float, px_per_m: float = 300) -> UInt8Image:
    """Boards 13 cm wide and 1.1 m long, laid in staggered rows along the width."""
    board_h, board_w = round(0.13 * px_per_m), round(1.1 * px_per_m)
    h, w = round(height_m * px_per_m), round(width_m * px_per_m)
    material = wood(rng, colour, px_per_m)
    floor = np.empty((h + board_h, w + 3 * board_w, 3), dtype=np.uint8)
    for top in range(0, h, board_h):
        shift = int(rng.integers(0, board_w))
        for left in range(0, w + board_w, board_w):
            board = material.cut(rng, 1.1, 0.13).astype(np.float32) * rng.normal(1.0, 0.075)
            board[:1] *= 0.55
            board[1:2] *= 1.06
            board[:, :1] *= 0.6
            x = max(0, left - shift + board_w)
            floor[top : top + board_h, x : x + board_w] = np.clip(board[:, :board_w], 0, 255)
    return np.ascontiguousarray(floor[:h, board_w : board_w + w])


def rug_pattern(rng: Rng, first: Colour, second: Colour, third: Colour) -> UInt8Image:
    """A border of bands around a field of lozenges, with pile."""
    h, w = 620, 900
    y, x = np.mgrid[:h, :w].astype(np.float32)
    edge = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y))
    colours = np.array([first, second, third], dtype=np.float32)
    cells = rng.choice([90, 120, 150])
    lozenge = np.abs((x - w / 2) % cells - cells / 2) + np.abs((y - h / 2) % cells - cells / 2)
    index = np.where(lozenge < cells * 0.18, 2, np.where(np.abs(lozenge - cells * 0.42) < 5, 1, 0))
    index = np.where(edge < 78, np.where(edge < 22, 0, np.where((edge // 9) % 3 == 0, 2, 1)), index)
    stitched = ((x + y) % 36 < 16) & (edge > 34) & (edge < 66)
    index = np.where(stitched, 0, index)
    pile = 1 + 0.08 * noise(rng, h, w, 2, 2) + 0.05 * noise(rng, h, w, 30, 30)
    return as_bytes(colours[index] * pile[..., None])


def sky(rng: Rng, h: int, w: int, top: Colour, horizon: Colour, cloud: float) -> UInt8Image:
    fade = np.linspace(0, 1, h, dtype=np.float32)[:, None, None] ** 0.8
    image = np.array(top, dtype=np.float32) * (1 - fade) + np.array(horizon, dtype=np.float32) * fade
    cover = sum(noise(rng, h, w, h / k, w / k) / k for k in (2, 4, 9, 20))
    cover = np.clip(np.asarray(cover, dtype=np.float32) * 0.9 + cloud, 0, 1)[..., None]
    return as_bytes(image * (1 - cover) + np.float32(250) * cover)


def _hills(rng: Rng, image: UInt8Image, base: float, height: float, colour: Colour) -> None:
    """Fills everything below a random skyline."""
    h, w = image.shape[:2]
    line = sum(noise(rng, 1, w, 1, w / k)[0] * (0.9 / k) for k in (3, 7, 17, 60))
    y = (base + height * np.asarray(line)) * h
    below = np.arange(h)[:, None] > y[None]
    texture = shade(colour, 1 + 0.10 * noise(rng, h, w, 5, 9))
    image[below] = texture[below]


def _trees(rng: Rng, image: UInt8Image, count: int, ground: float, colour: Colour) -> None:
    h, w = image.shape[:2]
    for x in np.sort(rng.uniform(-0.05, 1.05, count)) * w:
        top = (ground - rng.uniform(0.18, 0.5)) * h
        cv2.line(image, (int(x), int(ground * h + 9)), (int(x), int(top)), (84, 66, 50), max(2, w // 130))
        for _ in range(420):
            across, down = rng.normal(0, 0.045) * w, rng.normal(0, 0.075) * h
            leaf = vary(rng, tinted(colour, 1.05 - 1.6 * down / h), 14)
            size = int(rng.uniform(0.004, 0.013) * w)
            cv2.circle(image, (int(x + across), int(top + h * 0.09 + down)), size, leaf, -1, cv2.LINE_AA)


def window_view(rng: Rng) -> UInt8Image:
    """The view outside: sky, hills, a lawn and trees, slightly out of focus."""
    image = sky(rng, 600, 760, (120, 176, 238), (214, 232, 248), rng.uniform(-0.3, 0.3))
    _hills(rng, image, 0.62, 0.07, (128, 156, 140))
    _hills(rng, image, 0.74, 0.04, (104, 146, 84))
    _trees(rng, image, int(rng.integers(4, 8)), 0.84, vary(rng, (86, 132, 58)))
    _hills(rng, image, 0.88, 0.02, (116, 158, 82))
    return as_bytes(cv2.GaussianBlur(image, (0, 0), 2.2))


def painting(rng: Rng, aspect: float) -> UInt8Image:
    """A landscape or an abstract on canvas with a mat and a frame; `aspect` is width / height."""
    h, w = 420, round(420 * aspect)
    if rng.random() < 0.6:
        image = sky(rng, h, w, vary(rng, (70, 110, 170), 40), vary(rng, (240, 196, 140), 24), rng.uniform(-0.4, 0.2))
        cv2.circle(image, (int(rng.uniform(0.2, 0.8) * w), int(0.42 * h)), h // 16, (252, 226, 160), -1, cv2.LINE_AA)
        for base, tone in ((0.5, (122, 130, 158)), (0.6, (84, 104, 122)), (0.72, (64, 92, 74)), (0.86, (52, 66, 44))):
            _hills(rng, image, base, 0.1, vary(rng, tone, 14))
    else:
        image = np.full((h, w, 3), vary(rng, (226, 216, 196)), dtype=np.uint8)
        inks = [(196, 60, 46), (38, 74, 120), (230, 178, 60), (40, 44, 48)]
        for _ in range(14):
            colour = vary(rng, inks[int(rng.integers(len(inks)))], 18)
            (x0, x1), (y0, y1) = np.sort(rng.integers(0, w, 2)), np.sort(rng.integers(0, h, 2))
            if rng.random() < 0.4:
                cv2.circle(image, (int(x0), int(y0)), int(rng.uniform(0.04, 0.2) * h), colour, -1, cv2.LINE_AA)
            else:
                cv2.rectangle(image, (int(x0), int(y0)), (int(x1), int((y0 + y1) / 2)), colour, -1)
    canvas = as_bytes(image * (1 + 0.05 * noise(rng, h, w, 2, 2)[..., None]))
    canvas = cv2.copyMakeBorder(canvas, 44, 44, 44, 44, cv2.BORDER_CONSTANT, value=(236, 232, 222))
    frame = tinted((1.0, 0.86, 0.7), rng.choice([40, 92, 190]))
    for light in (0.8, 1.1, 0.9):
        canvas = cv2.copyMakeBorder(canvas, 7, 7, 7, 7, cv2.BORDER_CONSTANT, value=tinted(frame, light))
    return as_bytes(canvas)


def screen(rng: Rng) -> UInt8Image:
    """A monitor with lines of coloured text in two windows."""
    image = np.full((360, 600, 3), (30, 34, 44), dtype=np.uint8)
    cv2.rectangle(image, (0, 0), (600, 16), (58, 64, 78), -1)
    cv2.rectangle(image, (0, 17), (120, 360), (38, 43, 55), -1)
    colours = [(130, 170, 230), (220, 150, 110), (150, 200, 140), (200, 200, 205), (190, 140, 210)]
    for y in range(28, 350, 11):
        cv2.line(image, (10, y), (int(rng.uniform(40, 105)), y), (120, 126, 140), 3)
        x = 136 + 16 * int(rng.integers(0, 5))
        while x < 136 + rng.uniform(60, 440):
            step = int(rng.uniform(12, 60))
            cv2.line(image, (x, y), (x + step, y), colours[int(rng.integers(len(colours)))], 3)
            x += step + 8
    return image


def spine(rng: Rng, colour: Colour) -> UInt8Image:
    """The back of a book: bands and a line of title along its height."""
    image = shade(colour, 1 + 0.05 * noise(rng, 120, 24, 2, 2))
    light = 1.0 if sum(colour) < 330 else 0.0
    ink = tuple(float(np.clip(light * 205 + 30 + rng.normal(0, 14), 0, 255)) for _ in range(3))
    for y in rng.integers(5, 115, int(rng.integers(1, 4))):
        cv2.line(image, (0, int(y)), (24, int(y)), ink, int(rng.integers(1, 4)))
    top, length = int(rng.integers(18, 40)), int(rng.integers(30, 60))
    for y in range(top, top + length, 4):
        cv2.line(image, (9, y), (9 + int(rng.integers(3, 8)), y), ink, 2)
    image[:, :2] = (image[:, :2] * 0.75).astype(np.uint8)
    image[:, -2:] = (image[:, -2:] * 0.7).astype(np.uint8)
    return image


def panelled(rng: Rng, colour: Colour, columns: int, rows: int, w: int = 300, h: int = 700) -> UInt8Image:
    """A door or cupboard front with sunk panels, their edges drawn as bevels that catch light from above."""
    image = shade(colour, 1 + 0.012 * noise(rng, h, w, 3, 30) + 0.02 * noise(rng, h, w, 90, 90))
    gap_x, gap_y = round(w * 0.14 / columns), round(h * 0.06)
    for i in range(columns):
        for j in range(rows):
            x0, x1 = round(w * i / columns) + gap_x, round(w * (i + 1) / columns) - gap_x
            y0, y1 = round(h * j / rows) + gap_y // 2, round(h * (j + 1) / rows) - gap_y // 2
            dark, bright = tuple(0.62 * c for c in colour), tuple(min(255.0, 1.08 * c) for c in colour)
            cv2.line(image, (x0, y0), (x1, y0), dark, 5)
            cv2.line(image, (x0, y0), (x0, y1), dark, 4)
            cv2.line(image, (x0, y1), (x1, y1), bright, 4)
            cv2.line(image, (x1, y0), (x1, y1), bright, 4)
    return image
