"""Compute the demo room's light once and multiply it into the textures, so that it costs nothing while drawing.

Three parts, each on a coarse grid over every surface: direct light from the window's sky and the lamps, with soft
shadows by ray casting against the boxes; the sun's patch on a finer grid; and one bounce of light gathered by a
hemisphere of rays, which darkens corners like ambient occlusion. Units of light are arbitrary: the exposure is set by
the room's mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.jpeg import UInt8Image
from capture.room.rays import Boxes
from capture.room.render import Float32, Surface

GRID_M = 0.10  # spacing of the light's grid
SUN_GRID_M = 0.02
GATHER_RAYS = 36
GOLDEN_ANGLE = 2.399963  # spreads directions evenly around a circle
EXPOSURE = 0.62  # of the room's mean before the tone curve
OFF_SURFACE_M = 0.004  # rays start this far in front, lest they meet the box they leave
COVER_M = 0.05  # a surface that is covered wherever it is asked gets the light above its cover: a seat under a cushion


@dataclass(frozen=True, eq=False)
class Lamp:
    """Light from sample points (n, 3); `power` (3,) is shared among them. With a normal it shines to that side only."""

    points: Float32
    power: Float32
    normal: Float32 | None = None


@dataclass(frozen=True, eq=False)
class Sun:
    """Parallel light: `towards` (3,) points to the sun, and only what comes through the window's rectangle enters."""

    towards: Float32
    power: Float32
    window: Surface


class _Grids:
    """The points at which light is computed: a grid over every surface, all in one array.

    `points` and `normals` (n, 3) and `owner` (n,), the surface's index. The shell's surfaces come first.
    """

    def __init__(self, surfaces: list[Surface]) -> None:
        self.surfaces = surfaces
        self.shapes = [_shape(s, GRID_M) for s in surfaces]
        self.offsets = np.cumsum([0, *(rows * columns for rows, columns in self.shapes)])
        self.points = np.concatenate([_grid(s, GRID_M) for s in surfaces])
        self.owner = np.repeat(np.arange(len(surfaces)), np.diff(self.offsets))
        self.normals = np.stack([_lit_side(s) for s in surfaces])[self.owner]

    def on(self, i: int, values: NDArray[Any]) -> NDArray[Any]:
        """The part of `values` (n, ...) that belongs to surface `i`, as a view (rows, columns, ...)."""
        return values[self.offsets[i] : self.offsets[i + 1]].reshape(*self.shapes[i], *values.shape[1:])


def bake(surfaces: list[Surface], shell: int, boxes: Boxes, lamps: list[Lamp], sun: Sun | None) -> list[Surface]:
    """Return the surfaces with lit textures. The first `shell` of them, floor, ceiling and walls, enclose the boxes."""
    grids = _Grids(surfaces)
    covered = boxes.first_hit(grids.points, grids.normals)[0] == 0
    hidden = np.logical_and.reduceat(covered, grids.offsets[:-1])[grids.owner]
    grids.points[hidden] += np.float32(COVER_M) * grids.normals[hidden]
    albedo = np.stack([_linear(s.texture[::4, ::4]).mean(axis=(0, 1)) for s in surfaces])[grids.owner]

    direct = np.zeros_like(grids.points)
    for lamp in lamps:
        direct += _from_lamp(grids, boxes, lamp)
    sunlit = [None if sun is None else _sun_map(s, boxes, sun) for s in surfaces]
    for i, sun_map in enumerate(sunlit):
        if sun_map is not None:
            grids.on(i, direct)[:] += _resized(sun_map, grids.shapes[i], cv2.INTER_AREA)

    sent = direct * albedo
    later = sent.mean(axis=0) / np.maximum(1 - albedo.mean(axis=0), 0.2)  # all further bounces: the room's mean
    light: Float32 = direct + _gather(grids, shell, boxes, sent + albedo * later)
    exposure = np.float32(EXPOSURE / (light * albedo)[~covered & (grids.owner < shell)].mean())
    for i in range(len(surfaces)):
        _fill_covered(grids.on(i, light), grids.on(i, covered & ~hidden))
    return [_lit(s, grids.on(i, light) * exposure, sunlit[i], exposure) for i, s in enumerate(surfaces)]


def _shape(surface: Surface, spacing_m: float) -> tuple[int, int]:
    width, height = surface.size_m
    return max(1, round(height / spacing_m)), max(1, round(width / spacing_m))


def _lit_side(surface: Surface) -> Float32:
    """The normal; that of a surface with two sides points up."""
    up = -1 if surface.two_sided and surface.normal[1] < 0 else 1
    return np.asarray(up * surface.normal, dtype=np.float32)


def _grid(surface: Surface, spacing_m: float) -> Float32:
    """The middles of a grid's cells over the surface, just above it (rows * columns, 3)."""
    rows, columns = _shape(surface, spacing_m)
    t, s = np.mgrid[:rows, :columns]
    st = np.stack([(s.ravel() + 0.5) / columns, (t.ravel() + 0.5) / rows], axis=1)
    return np.asarray(surface.points(st) + OFF_SURFACE_M * _lit_side(surface), dtype=np.float32)


def _resized(light: Float32, shape: tuple[int, ...], interpolation: int) -> Float32:
    """Light (rows, columns, 3) on another grid."""
    return np.asarray(cv2.resize(light, shape[1::-1], interpolation=interpolation)).reshape(*shape[:2], 3)


def _fill_covered(light: Float32, covered: NDArray[np.bool_]) -> None:
    """Give grid points inside another box the light of their neighbours, so that no darkness leaks out beside it."""
    for _ in range(2):
        if not covered.any() or covered.all():
            return
        weight = cv2.blur((~covered).astype(np.float32), (3, 3), borderType=cv2.BORDER_REPLICATE).reshape(covered.shape)
        mean = cv2.blur(np.where(covered[..., None], 0, light), (3, 3), borderType=cv2.BORDER_REPLICATE)
        filled = covered & (weight > 0.05)
        light[filled] = mean.reshape(light.shape)[filled] / weight[filled][:, None]
        covered = covered & ~filled


def _from_lamp(grids: _Grids, boxes: Boxes, lamp: Lamp) -> Float32:
    """Irradiance (n, 3) straight from a lamp."""
    total = np.zeros(len(grids.points), dtype=np.float32)
    for sample in lamp.points:
        away = sample - grids.points
        square = np.einsum("nk,nk->n", away, away) + np.float32(0.02)  # a lamp is not a point: no pole at its centre
        cosine = np.einsum("nk,nk->n", away, grids.normals) / np.sqrt(square)
        if lamp.normal is not None:
            cosine = np.maximum(cosine, 0) * np.maximum(-away @ lamp.normal, 0) / np.sqrt(square)
        lit = np.flatnonzero(cosine > 0)
        distance, _ = boxes.first_hit(grids.points[lit], away[lit])
        total[lit] += np.where(distance < 1, 0, cosine[lit] / square[lit])
    return total[:, None] * lamp.power / np.float32(len(lamp.points))


def _sun_map(surface: Surface, boxes: Boxes, sun: Sun) -> Float32 | None:
    """Return the sun's irradiance (h, w, 3) on a fine grid, or None if there is none."""
    cosine = float(surface.normal @ sun.towards)
    if cosine <= 0 or surface.glow:
        return None
    points, window = _grid(surface, SUN_GRID_M), sun.window
    normal = window.normal.astype(np.float32)
    steps = (window.corner.astype(np.float32) - points) @ normal / (sun.towards @ normal)
    at = points + steps[:, None] * sun.towards - window.corner
    s, t = at @ window.right / (window.right @ window.right), at @ window.down / (window.down @ window.down)
    through = np.flatnonzero((steps > 0) & (s > 0) & (s < 1) & (t > 0) & (t < 1))
    if not len(through):
        return None
    distance, _ = boxes.first_hit(points[through], np.tile(sun.towards, (len(through), 1)))
    lit = np.zeros(len(points), dtype=np.float32)
    lit[through] = np.isinf(distance) * cosine
    soft = cv2.GaussianBlur(lit.reshape(_shape(surface, SUN_GRID_M)), (0, 0), 0.8).astype(np.float32)
    return np.asarray(soft[..., None] * sun.power)


def _gather(grids: _Grids, shell: int, boxes: Boxes, sent: Float32) -> Float32:
    """Return the irradiance (n, 3) by rays over each point's hemisphere; the faces that they hit emit `sent` (n, 3)."""
    from_face = _mean_of_faces(grids, boxes, sent)
    side = np.where(np.abs(grids.normals[:, 1:2]) < 0.9, (0, 1, 0), (1, 0, 0))
    across = np.cross(grids.normals, side).astype(np.float32)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    along = np.cross(grids.normals, across)
    turn = np.arange(len(grids.points)) * GOLDEN_ANGLE  # not the same rays everywhere: fine noise instead of bands
    gathered = np.zeros_like(grids.points)
    for k in range(GATHER_RAYS):
        square = np.float32((k + 0.5) / GATHER_RAYS)  # of the sine: even steps of it spread rays by their cosine
        angle = turn + k * GOLDEN_ANGLE
        x, y = (np.sqrt(square) * f(angle)[:, None].astype(np.float32) for f in (np.cos, np.sin))
        directions = x * across + y * along + np.sqrt(1 - square) * grids.normals
        distance, face = boxes.first_hit(grids.points, directions)
        arriving = np.where(distance[:, None] > 0, from_face[face], 0)
        free = face < 0
        arriving[free] = _from_shell(grids, shell, sent, grids.points[free], directions[free])
        gathered += arriving
    gathered /= GATHER_RAYS
    for i, (rows, columns) in enumerate(grids.shapes):
        if rows > 2 and columns > 2:
            view = grids.on(i, gathered)
            view[:] = cv2.GaussianBlur(view, (0, 0), 1.0)
    return gathered


def _mean_of_faces(grids: _Grids, boxes: Boxes, sent: Float32) -> Float32:
    """Light sent by each face of each box (6 * boxes, 3), the mean over the surfaces that belong to it."""
    face = np.array([boxes.face(s.box, s.normal) if s.box >= 0 else -1 for s in grids.surfaces])[grids.owner]
    total = np.zeros((6 * len(boxes.centres), 3), dtype=np.float32)
    count = np.zeros((6 * len(boxes.centres), 1), dtype=np.float32)
    of_box = face >= 0
    np.add.at(total, face[of_box], sent[of_box])
    np.add.at(count, face[of_box], 1)
    return np.asarray(total / np.maximum(count, 1), dtype=np.float32)


def _from_shell(grids: _Grids, shell: int, sent: Float32, points: Float32, directions: Float32) -> Float32:
    """What floor, ceiling and walls send back along rays that meet no box."""
    arriving = np.zeros_like(points)
    nearest = np.full(len(points), np.inf, dtype=np.float32)
    for i, surface in enumerate(grids.surfaces[:shell]):
        normal, corner = surface.normal.astype(np.float32), surface.corner.astype(np.float32)
        approach = directions @ normal
        towards = approach < -1e-6
        steps = (corner - points) @ normal / np.where(towards, approach, np.float32(-1))
        hit = np.flatnonzero(towards & (steps >= 0) & (steps < nearest))
        at = points[hit] + steps[hit, None] * directions[hit] - corner
        rows, columns = grids.shapes[i]
        column = (at @ surface.right / (surface.right @ surface.right) * columns).astype(int)
        row = (at @ surface.down / (surface.down @ surface.down) * rows).astype(int)
        arriving[hit] = grids.on(i, sent)[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
        nearest[hit] = steps[hit]
    return arriving


_LINEAR = (np.arange(256, dtype=np.float32) / 255) ** 2.2
_TONE_STEPS = 4096.0  # of the tone curve's index for light of 1
# Tone curve: the shoulder of film, then display gamma.
_TONE = np.round(255 * (1 - np.exp(-1.25 * np.arange(1 << 15) / _TONE_STEPS)) ** (1 / 2.2)).astype(np.uint8)


def _linear(texture: UInt8Image) -> Float32:
    return np.asarray(cv2.LUT(texture, _LINEAR), dtype=np.float32)


def _lit(surface: Surface, light: Float32, sun_map: Float32 | None, exposure: np.float32) -> Surface:
    """The surface with `light` multiplied into its texture, the sun at its own resolution instead of the grid's."""
    if surface.glow:
        return replace(surface, texture=np.clip(surface.texture * surface.glow, 0, 255).astype(np.uint8), _smaller={})
    h, w = surface.texture.shape[:2]
    if sun_map is not None:
        light = np.maximum(light - exposure * _resized(sun_map, light.shape, cv2.INTER_AREA), 0)
    full = _resized(light, (h, w), cv2.INTER_LINEAR)
    if sun_map is not None:
        full += exposure * _resized(sun_map, (h, w), cv2.INTER_LINEAR)
    level = cv2.multiply(_linear(surface.texture), full, scale=_TONE_STEPS)
    return replace(surface, texture=_TONE[np.minimum(level, len(_TONE) - 1).astype(np.uint16)], _smaller={})
