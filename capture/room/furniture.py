"""Furniture of the demo room, one function per piece.

Each piece is built in its own axes: x along the wall behind it, y up, z into the room, metres, the origin on the floor
at the middle of its back, unless stated otherwise.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from capture.jpeg import UInt8Image
from capture.room.builder import Builder
from capture.room.light import Lamp
from capture.room.textures import (
    Colour,
    Material,
    Rng,
    noise,
    panelled,
    screen,
    shade,
    smooth,
    spine,
    vary,
)

WARM = np.array((1.0, 0.74, 0.46), dtype=np.float32)  # lamp light


def sofa(b: Builder, width: float = 2.0) -> None:
    m, seats = b.materials, max(1, round((width - 0.3) / 0.75))
    half = width / 2
    for x in (-half + 0.08, half - 0.14):
        for z in (0.06, 0.78):
            b.box((x, 0, z), (x + 0.06, 0.13, z + 0.06), m.dark_wood)
    b.box((-half, 0.13, 0.0), (half, 0.40, 0.88), m.sofa)
    b.box((-half, 0.40, 0.0), (half, 0.80, 0.20), m.sofa)
    for x in (-half, half - 0.17):
        b.box((x, 0.40, 0.20), (x + 0.17, 0.60, 0.88), m.sofa)
    span = (width - 0.36) / seats
    for i in range(seats):
        left = -half + 0.18 + i * span
        b.box((left + 0.006, 0.40, 0.20), (left + span - 0.006, 0.535, 0.90), m.sofa)
        back = b.moved(left + span / 2, 0.535, 0.215, pitch=-0.16)
        back.box((-span / 2 + 0.01, 0, 0), (span / 2 - 0.01, 0.40, 0.15), m.sofa)
    for i in range(int(b.rng.integers(1, 4))):
        x = b.rng.uniform(-half + 0.42, half - 0.42)
        cushion = b.moved(x, 0.54, 0.42, yaw=b.rng.uniform(-0.4, 0.4), pitch=-0.42)
        cushion.box((-0.21, 0, 0), (0.21, 0.40, 0.11), m.cushions[i % len(m.cushions)])


def coffee_table(b: Builder, width: float = 1.0, depth: float = 0.55) -> None:
    m, half = b.materials, width / 2
    b.box((-half, 0.39, 0), (half, 0.43, depth), m.wood)
    b.box((-half + 0.05, 0.14, 0.05), (half - 0.05, 0.16, depth - 0.05), m.wood)
    for x in (-half + 0.02, half - 0.07):
        for z in (0.02, depth - 0.07):
            b.box((x, 0, z), (x + 0.05, 0.39, z + 0.05), m.dark_wood)
    book_pile(b.moved(-0.22, 0.43, depth * 0.45, yaw=b.rng.uniform(-0.5, 0.5)), 3)
    b.prism((0.2, 0.43, depth * 0.5), (0.06, 0.14), 0.075, m.pottery, sides=14, filled=0.25)
    _mug(b.moved(0.02, 0.43, depth * 0.75), m.white)


def _mug(b: Builder, material: Material) -> None:
    b.prism((0, 0, 0), (0.036, 0.041), 0.095, material, sides=10, filled=0.8, content=_cover((52, 34, 24)))


def book_pile(b: Builder, count: int) -> None:
    y = 0.0
    for i in range(count):
        height, width = b.rng.uniform(0.02, 0.045), 0.27 - 0.02 * i
        cover = _cover(_book_colour(b.rng))
        pages = shade((226, 218, 200), np.tile(1 - 0.14 * (np.arange(12) % 2), (40, 1)).T.astype(np.float32))
        pile = b.moved(0, y, 0, yaw=b.rng.uniform(-0.2, 0.2))
        pile.box((-width / 2, 0, -0.1), (width / 2, height, 0.1), cover, {"right": pages, "front": pages})
        y += height


def chair(b: Builder) -> None:
    """Faces +z; its origin is under the middle of the seat."""
    m = b.materials
    for x in (-0.20, 0.16):
        b.box((x, 0, 0.16), (x + 0.04, 0.44, 0.20), m.wood)
        b.box((x, 0, -0.20), (x + 0.04, 0.90, -0.16), m.wood)
    b.box((-0.21, 0.44, -0.19), (0.21, 0.465, 0.21), m.wood)
    b.box((-0.19, 0.465, -0.15), (0.19, 0.495, 0.19), m.cushions[1])
    for y in (0.56, 0.68, 0.80):
        b.box((-0.16, y, -0.195), (0.16, y + 0.07, -0.17), m.wood)


def dining_table(b: Builder, width: float = 1.4, chairs: int = 4) -> None:
    """Free-standing: the origin is under its middle. A lamp hangs above."""
    m, half = b.materials, width / 2
    b.box((-half, 0.72, -0.4), (half, 0.755, 0.4), m.wood)
    b.box((-half + 0.07, 0.64, -0.33), (half - 0.07, 0.72, 0.33), m.wood)
    for x in (-half + 0.04, half - 0.11):
        for z in (-0.36, 0.29):
            b.box((x, 0, z), (x + 0.07, 0.72, z + 0.07), m.wood)
    for x, z, yaw in [(-0.32, 0.42, np.pi), (0.32, -0.42, 0.0), (-0.32, -0.42, 0.0), (0.32, 0.42, np.pi)][:chairs]:
        chair(b.moved(x + b.rng.normal(0, 0.03), 0, z + b.rng.normal(0, 0.03), yaw=yaw + b.rng.normal(0, 0.15)))
    b.prism((0, 0.755, 0), (0.05, 0.075), 0.2, m.pottery, filled=0.8, content=_cover((62, 46, 36)))
    leaves(b.moved(0, 0.93, 0), count=12, length=0.22, width=0.06, lift=1.0)
    for x, z in ((-0.42, 0.2), (0.4, -0.2)):
        b.prism((x, 0.755, z), (0.08, 0.13), 0.02, m.white, sides=16, filled=0.3)
    _pendant(b.moved(0, 0, 0))


def _pendant(b: Builder) -> None:
    m, glowing = b.materials, smooth(b.rng, (255, 226, 170))
    b.box((-0.006, 2.0, -0.006), (0.006, 2.58, 0.006), m.black, shadow=False)
    b.prism((0, 1.80, 0), (0.21, 0.09), 0.22, glowing, sides=16, filled=0.0, glow=0.97, shadow=False)
    lamp = np.stack([b.world((x, 1.76, z)) for x, z in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1))])
    b.lamps.append(Lamp(lamp.astype(np.float32), WARM * np.float32(0.9)))


def bookshelf(b: Builder, width: float = 1.5, height: float = 2.0) -> None:
    m, half, depth = b.materials, width / 2, 0.30
    b.box((-half, 0, 0), (half, height, 0.012), m.wood)
    for x in (-half, -0.012, half - 0.024):
        b.box((x, 0, 0.012), (x + 0.024, height, depth), m.wood)
    levels = np.linspace(0.06, height - 0.02, 6)
    for y in levels:
        b.box((-half, y, 0.012), (half, y + 0.022, depth - 0.002), m.wood)
    for y, above in pairwise(levels):
        for left in (-half + 0.024, 0.012):
            row = b.moved(left, y + 0.022, 0.03)
            _shelf_content(row, half - 0.036, float(above - y) - 0.03)


def _shelf_content(b: Builder, width: float, height: float) -> None:
    """Books from the left, and sometimes another object in the rest of the shelf."""
    thick = b.rng.uniform(0.022, 0.055, 40)
    right = 0.004 + np.cumsum(thick)
    right = right[right < width * b.rng.uniform(0.5, 1.0)]
    row = b.occluder((0, 0, 0), (float(right[-1]), 0.15, 0.12))  # inside all of them
    for x, t in zip(right, thick, strict=False):
        tall, deep = min(b.rng.normal(0.24, 0.03), height - 0.02), b.rng.uniform(0.17, 0.24)
        colour = _book_colour(b.rng)
        b.box((x - t, 0, 0), (x - 0.001, tall, deep), _cover(colour), {"front": spine(b.rng, colour)}, part_of=row)
    x = float(right[-1])
    rest = width - x
    if rest > 0.26:
        middle = x + rest / 2
        if b.rng.random() < 0.5:
            b.prism((middle, 0, 0.13), (0.05, 0.085), 0.15, b.materials.pottery, filled=0.6)
        else:
            book_pile(b.moved(middle, 0, 0.12, yaw=np.pi / 2), 3)


def _book_colour(rng: Rng) -> Colour:
    red, blue, green, orange = (150, 50, 44), (44, 70, 108), (60, 96, 70), (210, 150, 60)
    bindings = [red, blue, green, orange, (216, 196, 150), (56, 56, 62), (226, 222, 212)]
    return vary(rng, bindings[int(rng.integers(len(bindings)))], 12)


def _cover(colour: Colour) -> Material:
    """A book's cover: one colour, so that a hundred books are cheap to draw."""
    return Material(shade(colour, np.ones((16, 16), dtype=np.float32)), 40)


def desk(b: Builder, width: float = 1.3) -> None:
    m, half = b.materials, width / 2
    b.box((-half, 0.71, 0), (half, 0.74, 0.65), m.wood)
    drawers = panelled(b.rng, (226, 224, 218), 1, 3, 240, 360)
    b.box((half - 0.42, 0.05, 0.04), (half - 0.02, 0.71, 0.60), m.white, {"front": drawers})
    for z in (0.05, 0.57):
        b.box((-half + 0.03, 0, z), (-half + 0.07, 0.71, z + 0.04), m.metal)
    b.box((-0.3, 0.84, 0.155), (0.3, 1.20, 0.185), m.black, {"front": framed(screen(b.rng), 12)}, glow=0.9)
    b.box((-0.03, 0.74, 0.12), (0.03, 0.95, 0.155), m.black)
    b.box((-0.13, 0.74, 0.08), (0.13, 0.75, 0.26), m.black)
    b.box((-0.24, 0.74, 0.34), (0.2, 0.76, 0.48), m.black, {"top": _keys()})
    b.box((0.28, 0.74, 0.38), (0.34, 0.77, 0.48), m.white)
    book_pile(b.moved(half - 0.24, 0.74, 0.28, yaw=0.3), 4)
    _mug(b.moved(-half + 0.4, 0.74, 0.42), m.pottery)
    _desk_lamp(b.moved(-half + 0.16, 0.74, 0.2, yaw=0.5))
    office = b.moved(b.rng.uniform(-0.2, 0.0), 0, 0.78, yaw=np.pi + b.rng.normal(0, 0.3))
    chair(office)


def _keys() -> UInt8Image:
    image = np.full((70, 220, 3), 24, dtype=np.uint8)
    for y in range(6, 60, 13):
        for x in range(6, 208, 14):
            image[y : y + 10, x : x + 11] = 58
    return image


def _desk_lamp(b: Builder) -> None:
    m = b.materials
    b.prism((0, 0, 0), (0.08, 0.075), 0.02, m.metal, sides=14)
    b.moved(0, 0.02, 0, pitch=-0.25).box((-0.008, 0, -0.008), (0.008, 0.36, 0.008), m.metal, shadow=False)
    b.moved(0, 0.36, -0.09, pitch=1.1).box((-0.008, 0, -0.008), (0.008, 0.3, 0.008), m.metal, shadow=False)
    b.prism((0, 0.42, 0.17), (0.075, 0.035), 0.11, m.metal, shadow=False)


def sideboard(b: Builder, width: float = 1.6, television: bool = True) -> None:
    m, half = b.materials, width / 2
    doors = panelled(b.rng, m.cupboard, 3, 1, 700, 260)
    b.box((-half, 0.08, 0), (half, 0.58, 0.42), m.wood, {"front": doors})
    b.box((-half - 0.01, 0.58, 0), (half + 0.01, 0.605, 0.43), m.wood)
    for x in (-half + 0.04, half - 0.09):
        b.box((x, 0, 0.05), (x + 0.05, 0.08, 0.37), m.dark_wood)
    if television:
        b.box((-0.18, 0.605, 0.12), (0.18, 0.62, 0.32), m.black)
        b.box((-0.04, 0.62, 0.19), (0.04, 0.72, 0.22), m.black)
        sheen = 1 + np.linspace(0.9, 0, 180, dtype=np.float32)[:, None] + 0.04 * noise(b.rng, 180, 320, 1, 1)
        dark = shade((32, 34, 38), sheen)
        b.box((-0.55, 0.68, 0.20), (0.55, 1.31, 0.235), m.black, {"front": dark}, glass=True)
    else:
        b.prism((-0.5, 0.605, 0.22), (0.09, 0.06), 0.3, m.pottery)
        leaves(b.moved(-0.5, 0.88, 0.22), count=10, length=0.3, width=0.08, lift=1.3)
        book_pile(b.moved(0.1, 0.605, 0.22, yaw=0.2), 3)
    book_pile(b.moved(half - 0.18, 0.605, 0.2, yaw=1.4), 2)


def floor_lamp(b: Builder) -> None:
    """Its origin is under its middle."""
    m = b.materials
    b.prism((0, 0, 0), (0.14, 0.13), 0.025, m.metal, sides=16)
    b.box((-0.012, 0.025, -0.012), (0.012, 1.42, 0.012), m.metal)
    b.prism(
        (0, 1.38, 0), (0.2, 0.14), 0.28, smooth(b.rng, (255, 224, 172)), sides=16, filled=0.0, glow=0.95, shadow=False
    )
    points = np.stack(
        [b.world((x, y, z)) for x, y, z in ((0.1, 1.66, 0), (-0.1, 1.66, 0), (0, 1.36, 0.1), (0, 1.36, -0.1))]
    )
    b.lamps.append(Lamp(points.astype(np.float32), WARM * np.float32(0.5)))


def plant(b: Builder, height: float = 1.3) -> None:
    """A pot with long arching leaves; its origin is under its middle."""
    b.prism((0, 0, 0), (0.13, 0.18), 0.32, b.materials.pottery, filled=0.9, content=_cover((62, 46, 36)))
    leaves(b.moved(0, 0.3, 0), count=22, length=height * 0.62, width=0.1, lift=1.9)


def leaves(b: Builder, count: int, length: float, width: float, lift: float) -> None:
    """A tuft: each leaf rises from the origin and bends over in three pieces."""
    for i in range(count):
        angle = 2.4 * i + b.rng.normal(0, 0.2)
        outwards = np.array([np.cos(angle), 0.0, np.sin(angle)])
        rise = lift * b.rng.uniform(0.45, 1.2)
        reach = length * b.rng.uniform(0.6, 1.0)
        stem = outwards * 0.02
        first = (outwards + np.array([0, rise, 0])) / np.hypot(1, rise) * reach * 0.6
        second = (outwards * 1.1 + np.array([0, rise * 0.25 - 0.35, 0])) * reach * 0.32
        b.leaf(stem, first, width * 0.7)
        b.leaf(stem + first * 0.82, second, width)


def framed(image: UInt8Image, border: int, tone: int = 22) -> UInt8Image:
    h, w = image.shape[:2]
    framed = np.full((h + 2 * border, w + 2 * border, 3), tone, dtype=np.uint8)
    framed[border:-border, border:-border] = image
    return framed
