"""Fittings of the demo room's walls and floor: pictures, shelf, clock, rug, door, skirting boards and the window.

Built in a wall's own axes: x along it, y up, z into the room, metres, the origin on the floor at its middle.
"""

from __future__ import annotations

import numpy as np

from capture.room.builder import Builder
from capture.room.furniture import book_pile, framed, leaves
from capture.room.light import Lamp
from capture.room.render import Surface
from capture.room.textures import painting, panelled, rug_pattern, vary, window_view

SILL_M = 0.88
WINDOW_DEPTH_M = 0.16
SKY = np.array((0.86, 0.96, 1.12), dtype=np.float32)


def picture(b: Builder, width: float, height: float, middle: float = 1.5) -> None:
    image = painting(b.rng, width / height)
    b.box(
        (-width / 2, middle - height / 2, 0.0),
        (width / 2, middle + height / 2, 0.025),
        b.materials.black,
        {"front": image},
    )


def gallery(b: Builder) -> None:
    """Three small pictures side by side."""
    for i, x in enumerate((-0.62, 0.0, 0.62)):
        height = b.rng.uniform(0.42, 0.6)
        picture(b.moved(x, 0, 0), 0.44 if i % 2 else 0.36, height, 1.55 + b.rng.uniform(-0.04, 0.04))


def wall_shelf(b: Builder, width: float = 0.9) -> None:
    b.box((-width / 2, 1.45, 0), (width / 2, 1.475, 0.22), b.materials.wood)
    book_pile(b.moved(-width * 0.28, 1.475, 0.11, yaw=1.5), 4)
    b.prism((width * 0.1, 1.475, 0.11), (0.05, 0.065), 0.12, b.materials.pottery)
    leaves(b.moved(width * 0.1, 1.58, 0.11), count=9, length=0.22, width=0.05, lift=0.7)


def clock(b: Builder) -> None:
    dial = np.full((96, 96, 3), 238, dtype=np.uint8)
    for hour in range(12):
        c, s = np.cos(hour * np.pi / 6), np.sin(hour * np.pi / 6)
        dial[int(48 + 38 * s) - 2 : int(48 + 38 * s) + 2, int(48 + 38 * c) - 2 : int(48 + 38 * c) + 2] = 30
    dial[18:49, 46:50] = 20
    dial[46:50, 46:74] = 20
    b.box((-0.15, 1.75, 0), (0.15, 2.05, 0.03), b.materials.black, {"front": framed(dial, 6)})


def rug(b: Builder, width: float, depth: float) -> None:
    """Its origin is under its middle."""
    colours = [
        (168, 62, 48),
        (226, 208, 174),
        (48, 70, 98),
        (198, 150, 70),
        (92, 104, 84),
        (206, 196, 182),
        (120, 84, 66),
    ]
    first, second, third = (vary(b.rng, colours[i], 8) for i in b.rng.permutation(len(colours))[:3])
    pattern = {"top": rug_pattern(b.rng, first, second, third)}
    b.box((-width / 2, 0, -depth / 2), (width / 2, 0.012, depth / 2), b.materials.sofa, pattern, shadow=False)


def door(b: Builder) -> None:
    m = b.materials
    colour = (236, 234, 228) if b.rng.random() < 0.6 else vary(b.rng, (150, 104, 66), 8)
    b.box((-0.42, 0.01, 0), (0.42, 2.02, 0.02), m.white, {"front": panelled(b.rng, colour, 2, 3)})
    for x in (-0.50, 0.42):
        b.box((x, 0, 0), (x + 0.08, 2.10, 0.04), m.white)
    b.box((-0.50, 2.02, 0), (0.50, 2.10, 0.04), m.white)
    b.box((0.33, 0.98, 0.02), (0.37, 1.12, 0.028), m.metal)
    b.box((0.24, 1.05, 0.05), (0.36, 1.07, 0.07), m.metal)
    b.box((0.34, 1.05, 0.028), (0.36, 1.07, 0.05), m.metal)
    b.box((0.60, 1.06, 0), (0.68, 1.14, 0.012), m.white)


def skirting(walls: list[Builder], width: float, depth: float) -> None:
    for wall, length in zip(walls, (width, depth, width, depth), strict=True):
        wall.box((-length / 2, 0, 0), (length / 2, 0.09, 0.014), wall.materials.white, shadow=False)


def window(wall: Builder, width: float, height: float) -> Surface:
    """Add pane, frame, reveal, sill, radiator and curtains, and the sky's light. Returns the pane."""
    m, half, low, high, back = wall.materials, width / 2, SILL_M, SILL_M + height, -WINDOW_DEPTH_M
    pane = Surface(
        corner=wall.world((-half, high, back)),
        right=wall.rotation @ np.array([width, 0.0, 0.0]),
        down=wall.rotation @ np.array([0.0, -height, 0.0]),
        texture=window_view(wall.rng),
        glow=1.12,
        glass=True,
    )
    wall.surfaces.append(pane)
    for x in (-half - 0.1, half):
        wall.box((x, low, back), (x + 0.1, high, -0.001), m.white)
    wall.box((-half - 0.1, high, back), (half + 0.1, high + 0.1, -0.001), m.white)
    wall.box((-half - 0.1, low - 0.1, back), (half + 0.1, low, -0.001), m.white)
    wall.box((-half - 0.06, low - 0.03, -0.001), (half + 0.06, low, 0.06), m.white)
    bar = 0.055
    for x in (-half, -bar / 2, half - bar):
        wall.box((x, low, back), (x + bar, high, back + 0.05), m.white)
    for y in (low, low + height * 0.68, high - bar):
        wall.box((-half, y, back), (half, y + bar, back + 0.048), m.white)
    _radiator(wall, min(1.2, width - 0.2))
    for side in (-1, 1):
        _curtain(wall.moved(side * (half + 0.16), 0, 0), 0.34, high + 0.16)
    wall.box((-half - 0.4, high + 0.15, 0.07), (half + 0.4, high + 0.175, 0.095), m.metal)
    grid = [(x * half, low + y * height, 0.0) for x in (-0.75, -0.25, 0.25, 0.75) for y in (0.12, 0.37, 0.63, 0.88)]
    points = np.stack([wall.world(p) for p in grid]).astype(np.float32)
    wall.lamps.append(Lamp(points, SKY * np.float32(2.4 * width * height), (wall.rotation[:, 2]).astype(np.float32)))
    return pane


def _radiator(b: Builder, width: float) -> None:
    b.box((-width / 2, 0.12, 0.04), (width / 2, 0.68, 0.13), b.materials.radiator)


def _curtain(b: Builder, width: float, top: float) -> None:
    """Add a curtain in folds from a rail at `top` to just above the floor; the origin is under its middle."""
    material = b.materials.cushions[2]
    folds = max(4, round(width / 0.075))
    step = width / folds
    for i in range(folds):
        near, far = (0.11, 0.05) if i % 2 else (0.05, 0.11)
        x = -width / 2 + i * step
        right = np.array([step, 0.0, far - near])
        b.flat((x, top, near), right, np.array([0.0, 0.04 - top, 0.0]), material)
