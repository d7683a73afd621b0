"""Build the whole demo room: shell, window and the places of the furniture, all drawn at random from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capture.room import fittings, furniture
from capture.room.builder import Builder, Materials
from capture.room.light import Lamp, Sun, bake
from capture.room.rays import Boxes
from capture.room.render import Float, Surface, tiles
from capture.room.textures import Material, Rng, plank_floor, plaster, tinted, vary, wallpaper

HEIGHT_M = 2.6
SHELL_SURFACES = 6  # floor, ceiling and walls come first
SUNLIGHT = np.array((1.0, 0.88, 0.68), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Scene:
    """The room's surfaces, not yet lit. Floor, ceiling and the four walls come first."""

    size_m: tuple[float, float]  # along x, along z
    surfaces: list[Surface]
    boxes: Boxes
    lamps: list[Lamp]
    sun: Sun

    def lit(self) -> list[Surface]:
        return bake(self.surfaces, SHELL_SURFACES, self.boxes, self.lamps, self.sun)


def build_scene(seed: int) -> Scene:
    """Build the room of a seed, deterministically."""
    rng = np.random.default_rng([seed, 1])
    width, depth = rng.uniform(4.3, 4.8), rng.uniform(5.2, 5.8)
    if seed % 2:
        width, depth = depth, width
    b = Builder(rng, Materials.draw(rng))
    window_width, window_height = rng.uniform(1.4, 1.9), rng.uniform(1.2, 1.4)
    b.surfaces.extend(_shell(b, width, depth, (window_width, window_height)))
    walls = [
        b.moved(width / 2, 0, 0),
        b.moved(width, 0, depth / 2, yaw=-np.pi / 2),
        b.moved(width / 2, 0, depth, yaw=np.pi),
        b.moved(0, 0, depth / 2, yaw=np.pi / 2),
    ]
    pane = fittings.window(walls[0], window_width, window_height)
    _furnish(walls, width, depth)
    fittings.skirting(walls, width, depth)
    towards = walls[0].rotation @ np.array([rng.uniform(-0.7, 0.7), rng.uniform(0.55, 0.85), -1.0])
    towards /= np.linalg.norm(towards)
    sun = Sun(towards.astype(np.float32), SUNLIGHT * np.float32(rng.uniform(3.0, 6.0)), pane)
    return Scene((width, depth), b.surfaces, b.ray_boxes(), b.lamps, sun)


def _shell(b: Builder, width: float, depth: float, window: tuple[float, float]) -> list[Surface]:
    """Floor, ceiling, then the walls at z = 0, x = width, z = depth and x = 0; the first has a hole for the window."""
    rng, h = b.rng, HEIGHT_M
    tones = [(226, 220, 206), (206, 212, 204), (220, 204, 184), (196, 206, 214), (228, 222, 214)]
    paint = vary(rng, tones[int(rng.integers(len(tones)))], 6)
    plain = plaster(rng, paint)
    accent = wallpaper(rng, vary(rng, tinted(paint, 0.86), 14))
    boards = [(176, 128, 82), (150, 104, 64), (196, 156, 110), (128, 92, 62)]
    floor = plank_floor(rng, vary(rng, boards[int(rng.integers(len(boards)))], 6), width, depth)
    hole = (
        0.5 - window[0] / 2 / width,
        1 - (fittings.SILL_M + window[1]) / h,
        0.5 + window[0] / 2 / width,
        1 - fittings.SILL_M / h,
    )
    accented = int(rng.choice([1, 3]))

    def wall(i: int, corner: tuple[float, float, float], right: tuple[float, float, float], length: float) -> Surface:
        material = accent if i == accented else plain
        outlines = tiles(length, h, hole if i == 0 else None)
        return _flat(rng, corner, right, (0, -h, 0), material, outlines)

    return [
        Surface(
            np.zeros(3),
            np.array([width, 0.0, 0.0]),
            np.array([0.0, 0.0, depth]),
            floor,
            tiles(width, depth),
        ),
        _flat(rng, (0, h, depth), (width, 0, 0), (0, 0, -depth), plaster(rng, (238, 236, 230)), tiles(width, depth)),
        wall(0, (0, h, 0), (width, 0, 0), width),
        wall(1, (width, h, 0), (0, 0, depth), depth),
        wall(2, (width, h, depth), (-width, 0, 0), width),
        wall(3, (0, h, depth), (0, 0, -depth), depth),
    ]


def _flat(
    rng: Rng,
    corner: tuple[float, float, float],
    right: tuple[float, float, float],
    down: tuple[float, float, float],
    material: Material,
    outlines: tuple[Float, ...],
) -> Surface:
    r, d = np.array(right, dtype=np.float64), np.array(down, dtype=np.float64)
    texture = material.cut(rng, float(np.linalg.norm(r)), float(np.linalg.norm(d)))
    return Surface(np.array(corner, dtype=np.float64), r, d, texture, outlines)


def _furnish(walls: list[Builder], width: float, depth: float) -> None:
    """Place the sofa on one long side, shelf and desk on the other, the table at the far end; randomly mirrored."""
    rng = walls[0].rng
    mirror = 1 if rng.random() < 0.5 else -1
    sofa_wall, work_wall = (walls[3], walls[1]) if mirror > 0 else (walls[1], walls[3])
    # Along either side wall, `to_window` is the direction towards the window in that wall's own x.
    sofa_side, work_side = mirror, -mirror
    half = depth / 2

    at = sofa_side * (half - rng.uniform(1.75, 1.95))
    furniture.sofa(sofa_wall.moved(at, 0, 0.03), rng.uniform(1.8, 2.2))
    fittings.picture(sofa_wall.moved(at, 0, 0), rng.uniform(0.8, 1.1), rng.uniform(0.55, 0.7), 1.58)
    fittings.rug(sofa_wall.moved(at, 0, 1.35, yaw=np.pi), rng.uniform(2.0, 2.4), rng.uniform(1.3, 1.6))
    furniture.coffee_table(sofa_wall.moved(at + rng.normal(0, 0.06), 0, 1.15, yaw=rng.normal(0, 0.06)))
    furniture.floor_lamp(sofa_wall.moved(sofa_side * (half - 0.32), 0, 0.3))
    long_sides = depth > width
    if long_sides:
        fittings.gallery(sofa_wall.moved(-sofa_side * (half - 1.3), 0, 0))

    # Desk, bookshelf and sideboard in any order, as many as fit; `along` runs from the window to the far wall.
    along = 0.75
    for piece in rng.permutation(3):
        length = (1.25, rng.uniform(1.2, 1.4), rng.uniform(1.3, 1.45))[piece]
        if along + length > depth - 0.2:
            break
        spot = work_wall.moved(work_side * (half - along - length / 2), 0, 0.015)
        if piece == 0:
            furniture.desk(spot, length)
            fittings.wall_shelf(spot)
        elif piece == 1:
            furniture.bookshelf(spot, length, rng.uniform(1.8, 2.1))
        else:
            furniture.sideboard(spot, length)
        along += length + 0.2
    furniture.plant(work_wall.moved(work_side * (half - 0.36), 0, 0.36), rng.uniform(1.1, 1.5))

    far = walls[2]
    fittings.door(far.moved(-mirror * (width / 2 - 1.2), 0, 0))
    table_at = mirror * (width / 2 - (1.25 if long_sides else 1.95))
    spot = far.moved(table_at, 0, 1.05, yaw=rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.04))
    furniture.dining_table(spot, rng.uniform(1.2, 1.4), int(rng.choice([3, 4])))
    fittings.picture(far.moved(table_at, 0, 0), 0.6, 0.75, 1.55)
    fittings.clock(walls[0].moved(-mirror * (width / 2 - 0.6), 0, 0))
