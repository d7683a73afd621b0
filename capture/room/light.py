"""The demo room's light, computed once and multiplied into the textures, so that drawing costs nothing for it.

Three parts, each on a coarse grid over every surface: light straight from the window's sky and from the lamps, with
soft shadows by ray casting against the boxes; the sun's patch on a finer grid; and one bounce of light gathered from
what a hemisphere of rays meets, which darkens corners as ambient occlusion does. Units of light are arbitrary: the
exposure is set by the room's mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import UInt8Image
from capture.room.render import Float32, Surface

GRID_M = 0.10  # spacing of the light's grid
SUN_GRID_M = 0.02
GATHER_RAYS = 40
RAYS_AT_ONCE = 1 << 15  # so that the arrays of a ray-casting step stay in the processor's cache
EXPOSURE = 0.62  # of the room's mean before the tone curve
OFF_SURFACE_M = 0.004  # rays start this far in front, lest they meet the box they leave


@dataclass(frozen=True, eq=False)
class Boxes:
    """Solid boxes for ray casting: centres and half sizes (n, 3), rotations box to world (n, 3, 3)."""

    centres: Float32
    halves: Float32
    rotations: Float32

    def first_hit(self, origins: Float32, directions: Float32) -> tuple[Float32, NDArray[np.int32]]:
        """Distance in units of `directions`' length (r,), infinite where nothing is met, and the box met (r,) or -1.

        The slab test of Kay and Kajiya, "Ray tracing complex scenes", SIGGRAPH 1986. Inside a box the distance is 0.
        """
        distance = np.full(len(origins), np.inf, dtype=np.float32)
        box = np.full(len(origins), -1, dtype=np.int32)
        for start in range(0, len(origins), RAYS_AT_ONCE):
            part = slice(start, start + RAYS_AT_ONCE)
            self._hit_part(origins[part], directions[part], distance[part], box[part])
        return distance, box

    def _hit_part(self, origins: Float32, directions: Float32, distance: Float32, box: NDArray[np.int32]) -> None:
        turned = None
        for i, (centre, half, rotation) in enumerate(zip(self.centres, self.halves, self.rotations, strict=True)):
            if turned is None or not np.array_equal(rotation, self.rotations[i - 1]):  # boxes of one piece share theirs
                turned = np.ascontiguousarray((origins @ rotation).T)
                slope = np.ascontiguousarray((directions @ rotation).T)
                slope = 1 / np.where(np.abs(slope) < 1e-9, np.float32(1e-9), slope)
                width = np.abs(slope)
            middle = ((centre @ rotation)[:, None] - turned) * slope
            reach = half[:, None] * width
            near = np.maximum((middle - reach).max(axis=0), 0)
            far = np.minimum((middle + reach).min(axis=0), distance)
            closer = near < far
            distance[closer] = near[closer]
            box[closer] = i


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


@dataclass(frozen=True, eq=False)
class _Grid:
    """Where the light on one surface is computed: points and normals (rows * columns, 3)."""

    rows: int
    columns: int
    points: Float32
    normals: Float32


def bake(surfaces: list[Surface], boxes: Boxes, shell: list[int], lamps: list[Lamp], sun: Sun | None) -> list[Surface]:
    """The surfaces with lit textures. `shell` holds the indices of floor, ceiling and walls: they enclose the boxes."""
    grids = [_grid(s, GRID_M) for s in surfaces]
    offsets = np.cumsum([0, *(len(g.points) for g in grids)])
    points = np.concatenate([g.points for g in grids])
    normals = np.concatenate([g.normals for g in grids])
    covered = boxes.first_hit(points, normals)[0] == 0
    albedo = np.stack([_linear(s.texture[::4, ::4]).mean(axis=(0, 1)) for s in surfaces])
    owner = np.repeat(np.arange(len(surfaces)), np.diff(offsets))

    sunlit = [_sun_map(s, boxes, sun) if sun is not None else None for s in surfaces]
    direct = sum((_from_lamp(points, normals, boxes, lamp) for lamp in lamps), np.zeros_like(points))
    for i, (grid, sun_map) in enumerate(zip(grids, sunlit, strict=True)):
        if sun_map is not None:
            coarse = cv2.resize(sun_map, (grid.columns, grid.rows), interpolation=cv2.INTER_AREA)
            direct[offsets[i] : offsets[i + 1]] += coarse.reshape(-1, 3)

    lit = direct * albedo[owner]
    sent = lit + albedo[owner] * lit.mean(axis=0) / np.maximum(
        1 - albedo.mean(axis=0), 0.2
    )  # later bounces: their mean
    bounced = _gather(points, normals, surfaces, boxes, shell, grids, offsets, sent, owner)
    light = direct + bounced
    exposure = EXPOSURE / float((light * albedo[owner])[~covered & (owner <= max(shell))].mean())
    for i, grid in enumerate(grids):
        _fill_covered(_on_grid(light, offsets, i, grid), _on_grid(covered, offsets, i, grid))
    return [
        _lit(s, _on_grid(light, offsets, i, grid) * exposure, sunlit[i], exposure)
        for i, (s, grid) in enumerate(zip(surfaces, grids, strict=True))
    ]


def _grid(surface: Surface, spacing_m: float) -> _Grid:
    width, height = surface.size_m
    columns, rows = max(1, round(width / spacing_m)), max(1, round(height / spacing_m))
    t, s = np.mgrid[:rows, :columns]
    st = np.stack([(s.ravel() + 0.5) / columns, (t.ravel() + 0.5) / rows], axis=1)
    normal = surface.normal * (-1 if surface.two_sided and surface.normal[1] < 0 else 1)
    points = surface.points(st) + OFF_SURFACE_M * normal
    return _Grid(rows, columns, points.astype(np.float32), np.tile(normal.astype(np.float32), (len(st), 1)))


def _on_grid(values: NDArray[Any], offsets: NDArray[np.int64], i: int, grid: _Grid) -> NDArray[Any]:
    """The part that belongs to surface `i` as a view (rows, columns, ...)."""
    return values[offsets[i] : offsets[i + 1]].reshape(grid.rows, grid.columns, *values.shape[1:])


def _fill_covered(light: Float32, covered: NDArray[np.bool_]) -> None:
    """Gives grid points inside another box the light of their neighbours, so that no darkness leaks out beside it."""
    for _ in range(2):
        if not covered.any() or covered.all():
            return
        weight = cv2.blur((~covered).astype(np.float32), (3, 3), borderType=cv2.BORDER_REPLICATE)
        mean = cv2.blur(np.where(covered[..., None], 0, light), (3, 3), borderType=cv2.BORDER_REPLICATE)
        filled = covered & (weight.reshape(covered.shape) > 0.05)
        light[filled] = mean.reshape(light.shape)[filled] / weight.reshape(covered.shape)[filled][:, None]
        covered &= ~filled


def _from_lamp(points: Float32, normals: Float32, boxes: Boxes, lamp: Lamp) -> Float32:
    """Irradiance (n, 3) straight from a lamp."""
    total = np.zeros(len(points), dtype=np.float32)
    for sample in lamp.points:
        away = sample - points
        square = np.einsum("nk,nk->n", away, away) + np.float32(0.02)  # a lamp is not a point: no pole at its centre
        cosine = np.einsum("nk,nk->n", away, normals) / np.sqrt(square)
        if lamp.normal is not None:
            cosine = np.maximum(cosine, 0) * np.maximum(-away @ lamp.normal, 0) / np.sqrt(square)
        lit = (cosine > 0).nonzero()[0]
        distance, _ = boxes.first_hit(points[lit], away[lit])
        total[lit] += np.where(distance < 1, 0, cosine[lit] / square[lit])
    return total[:, None] * lamp.power / np.float32(len(lamp.points))


def _sun_map(surface: Surface, boxes: Boxes, sun: Sun) -> Float32 | None:
    """The sun's irradiance (h, w, 3) on a fine grid, or None where none arrives."""
    cosine = float(surface.normal @ sun.towards)
    if cosine <= 0 or surface.glow:
        return None
    grid = _grid(surface, SUN_GRID_M)
    window = sun.window
    normal = window.normal.astype(np.float32)
    steps = (window.corner.astype(np.float32) - grid.points) @ normal / (sun.towards @ normal)
    at = grid.points + steps[:, None] * sun.towards - window.corner
    s, t = at @ window.right / (window.right @ window.right), at @ window.down / (window.down @ window.down)
    through = ((steps > 0) & (s > 0) & (s < 1) & (t > 0) & (t < 1)).nonzero()[0]
    if not len(through):
        return None
    distance, _ = boxes.first_hit(grid.points[through], np.tile(sun.towards, (len(through), 1)))
    lit = np.zeros(len(grid.points), dtype=np.float32)
    lit[through] = np.isinf(distance) * cosine
    soft = cv2.GaussianBlur(lit.reshape(grid.rows, grid.columns), (0, 0), 0.8).astype(np.float32)
    return soft[..., None] * sun.power


def _gather(
    points: Float32,
    normals: Float32,
    surfaces: list[Surface],
    boxes: Boxes,
    shell: list[int],
    grids: list[_Grid],
    offsets: NDArray[np.int64],
    sent: Float32,
    owner: NDArray[np.int64],
) -> Float32:
    """Irradiance (n, 3) from what cosine-weighted rays over each point's hemisphere meet."""
    from_box = np.zeros((len(boxes.centres), 3), dtype=np.float32)
    faces = np.array([s.box for s in surfaces])[owner]
    for box in range(len(boxes.centres)):
        from_box[box] = sent[faces == box].mean(axis=0)

    tangents = np.cross(normals, np.where(np.abs(normals[:, 1:2]) < 0.9, (0, 1, 0), (1, 0, 0))).astype(np.float32)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    bitangents = np.cross(normals, tangents)
    turn = (
        np.arange(len(points)) * 2.399963
    )  # another angle for each point: banding becomes fine noise, then is blurred
    gathered = np.zeros_like(points)
    for k in range(GATHER_RAYS):
        sine = np.sqrt((k + 0.5) / GATHER_RAYS)
        angle = turn + k * 2.399963  # the golden angle spreads the rays evenly
        x, y = (sine * np.cos(angle)).astype(np.float32), (sine * np.sin(angle)).astype(np.float32)
        up = np.float32(np.sqrt(1 - sine * sine))
        directions = x[:, None] * tangents + y[:, None] * bitangents + up * normals
        distance, box = boxes.first_hit(points, directions)
        arriving = np.where(box[:, None] >= 0, from_box[box], 0)
        nothing = box < 0
        arriving[nothing] = _from_shell(
            points[nothing], directions[nothing], [surfaces[i] for i in shell], [grids[i] for i in shell], sent, offsets
        )
        arriving[distance == 0] = 0
        gathered += arriving
    gathered /= GATHER_RAYS
    for i, grid in enumerate(grids):
        if grid.rows > 2 and grid.columns > 2:
            smooth = cv2.GaussianBlur(_on_grid(gathered, offsets, i, grid), (0, 0), 1.0)
            gathered[offsets[i] : offsets[i + 1]] = smooth.reshape(-1, 3)
    return gathered


def _from_shell(
    points: Float32,
    directions: Float32,
    shell: list[Surface],
    grids: list[_Grid],
    sent: Float32,
    offsets: NDArray[np.int64],
) -> Float32:
    """What the shell sends back along rays that meet no box. The shell's surfaces come first among all surfaces."""
    arriving = np.zeros_like(points)
    nearest = np.full(len(points), np.inf, dtype=np.float32)
    for i, (surface, grid) in enumerate(zip(shell, grids, strict=True)):
        normal = surface.normal.astype(np.float32)
        approach = directions @ normal
        towards = approach < -1e-6
        steps = (surface.corner.astype(np.float32) - points) @ normal / np.where(towards, approach, -1)
        hit = (towards & (steps >= 0) & (steps < nearest)).nonzero()[0]
        at = points[hit] + steps[hit, None] * directions[hit] - surface.corner.astype(np.float32)
        column = (at @ surface.right / (surface.right @ surface.right) * grid.columns).astype(int)
        row = (at @ surface.down / (surface.down @ surface.down) * grid.rows).astype(int)
        cell = np.clip(row, 0, grid.rows - 1) * grid.columns + np.clip(column, 0, grid.columns - 1)
        arriving[hit] = sent[offsets[i] + cell]
        nearest[hit] = steps[hit]
    return arriving


_LINEAR = (np.arange(256, dtype=np.float32) / 255) ** 2.2
# Tone curve: the shoulder of film, then display gamma; indexed by light in steps of 1/256.
_TONE = np.round(255 * (1 - np.exp(-1.25 * np.arange(2048) / 256)) ** (1 / 2.2)).astype(np.uint8)


def _linear(texture: UInt8Image) -> Float32:
    return np.asarray(cv2.LUT(texture, _LINEAR), dtype=np.float32)


def _lit(surface: Surface, light: Float32, sun_map: Float32 | None, exposure: float) -> Surface:
    """The surface with `light` multiplied into its texture, the sun at its own resolution instead of the grid's."""
    if surface.glow:
        return replace(surface, texture=np.clip(surface.texture * surface.glow, 0, 255).astype(np.uint8), _smaller={})
    h, w = surface.texture.shape[:2]
    if sun_map is not None:
        coarse = cv2.resize(sun_map, light.shape[1::-1], interpolation=cv2.INTER_AREA).reshape(light.shape)
        light = np.maximum(light - exposure * coarse, 0)
    full = cv2.resize(light, (w, h), interpolation=cv2.INTER_LINEAR)
    if sun_map is not None:
        full += exposure * cv2.resize(sun_map, (w, h), interpolation=cv2.INTER_LINEAR)
    level = cv2.multiply(_linear(surface.texture), full, scale=256.0)
    return replace(surface, texture=_TONE[np.minimum(level, len(_TONE) - 1).astype(np.uint16)], _smaller={})
