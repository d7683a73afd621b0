"""The demo room's rasteriser: flat textured surfaces to colour and exact depth, with NumPy and OpenCV alone.

A surface is a rectangle in space, so a pixel and the surface's own coordinates (s, t) are related by a 3x3 homography.
Its inverse gives, for a pixel (x, y), the triple (s/z, t/z, 1/z): the texture coordinates, the depth along the optical
axis, and by their signs which side of an outline's edges the pixel lies on, also where a surface reaches behind the
camera (Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates", Graphics Hardware 1997).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import Intrinsics
from capture.jpeg import UInt8Image

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

SUPERSAMPLING = 2  # colour is drawn at twice the size and averaged: OpenCV does exactly this factor very fast
MAX_MIP_LEVEL = 4  # textures are halved at most so often in each direction
TILE_M = 1.2  # large surfaces are drawn in tiles, so that each picks the texture size that suits its distance
UNIT_SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Surface:
    """One flat piece of the room: the points `corner + s * right + t * down` with (s, t) inside an outline.

    corner, right, down   float64 (3,), metres, world axes; seen from the front the texture's rows run along `right`
    texture               uint8 (h, w, 3), red first; stretched over s, t in 0..1
    outlines              convex polygons, float64 (n, 2) of (s, t), clockwise as seen in the texture
    two_sided             drawn from behind too (leaves, lamp shades)
    glow                  1 = the texture shows light that the surface itself sends out, 0 = it is lit by the room
    glass                 the LiDAR's light does not come back from it
    box                   index of the box it is a face of, -1 = none
    """

    corner: Float
    right: Float
    down: Float
    texture: UInt8Image
    outlines: tuple[Float, ...] = (UNIT_SQUARE,)
    two_sided: bool = False
    glow: float = 0.0
    glass: bool = False
    box: int = -1
    _smaller: dict[tuple[int, int], UInt8Image] = field(default_factory=dict, repr=False)

    @property
    def normal(self) -> Float:
        """Unit vector that points to the front."""
        n = np.cross(self.down, self.right)
        return np.asarray(n / np.linalg.norm(n))

    @property
    def size_m(self) -> tuple[float, float]:
        """(width, height)."""
        return float(np.linalg.norm(self.right)), float(np.linalg.norm(self.down))

    def points(self, st: Float) -> Float:
        """World coordinates (..., 3) of surface coordinates (..., 2)."""
        return self.corner + st[..., :1] * self.right + st[..., 1:] * self.down

    def shrunk_texture(self, across: int, along: int) -> UInt8Image:
        """The texture halved `across` times in width and `along` times in height; kept once made."""
        if not across and not along:
            return self.texture
        if (across, along) not in self._smaller:
            h, w = self.texture.shape[:2]
            size = max(1, w >> across), max(1, h >> along)
            self._smaller[across, along] = cv2.resize(self.texture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        return self._smaller[across, along]


@dataclass(frozen=True, eq=False)
class RenderedView:
    """A pinhole camera: `rotation` (3, 3) camera to world in OpenGL axes, `position_m` (3,), `size` (width, height).

    A pixel's centre is at (column + 0.5, row + 0.5), the convention under which intrinsics scale with the image.
    """

    rotation: Float
    position_m: Float
    intrinsics: Intrinsics
    size: tuple[int, int]

    def resized(self, size: tuple[int, int]) -> RenderedView:
        return RenderedView(self.rotation, self.position_m, self.intrinsics.resized(self.size, size), size)

    def rays(self) -> Float32:
        """For each pixel's centre the point at depth 1 m in the camera's OpenGL axes, (h, w, 3)."""
        k, (width, height) = self.intrinsics, self.size
        x, y = (np.arange(width) + 0.5 - k.cx) / k.fx, (k.cy - 0.5 - np.arange(height)) / k.fy
        return np.stack([*np.meshgrid(x, y), np.full((height, width), -1.0)], axis=2).astype(np.float32)

    @property
    def projection(self) -> Float:
        """(3, 3), from the camera's OpenGL axes to homogeneous pixels; the third coordinate is the depth."""
        k = self.intrinsics
        return np.array([[k.fx, 0, -k.cx], [0, -k.fy, -k.cy], [0, 0, -1]])


def tiles(width_m: float, height_m: float, hole: tuple[float, float, float, float] | None = None) -> tuple[Float, ...]:
    """Outlines that cover a rectangle in pieces of at most TILE_M, without `hole` (s0, t0, s1, t1)."""

    def cuts(length_m: float, *extra: float) -> list[float]:
        regular = np.linspace(0, 1, int(np.ceil(length_m / TILE_M)) + 1)
        return sorted({*regular.tolist(), *extra})

    s0, t0, s1, t1 = hole or (0.0, 0.0, 0.0, 0.0)
    pieces = []
    columns, rows = cuts(width_m, s0, s1), cuts(height_m, t0, t1)
    for left, right in pairwise(columns):
        for top, bottom in pairwise(rows):
            if not (s0 <= left and right <= s1 and t0 <= top and bottom <= t1):
                pieces.append(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    return tuple(pieces)


class Rasteriser:
    """Draws a fixed set of surfaces. Holds no state between images but the shrunk textures."""

    def __init__(self, surfaces: list[Surface]) -> None:
        self.surfaces = surfaces
        self._frames = np.stack([np.stack([s.right, s.down, s.corner], axis=1) for s in surfaces])
        self._normals = np.stack([s.normal for s in surfaces])
        self._two_sided = np.array([s.two_sided for s in surfaces])
        self._texture_sizes = np.array([s.texture.shape[1::-1] for s in surfaces], dtype=np.float64)
        outlines = [(i, outline) for i, s in enumerate(surfaces) for outline in s.outlines]
        most = max(len(outline) for _, outline in outlines)
        self._owner = np.array([i for i, _ in outlines])
        # Shorter outlines repeat their last corner, and their last edge with it.
        self._corners = np.stack([np.pad(o, ((0, most - len(o)), (0, 0)), mode="edge") for _, o in outlines])
        self._edges = np.stack([_edges(o, most) for _, o in outlines])
        self._centres = np.stack([o.mean(axis=0) for _, o in outlines])
        self._points = np.stack([surfaces[i].points(c) for i, c in zip(self._owner, self._corners, strict=True)])

    def depth(self, view: RenderedView) -> tuple[Float32, NDArray[np.int32]]:
        """Inverse depth in 1/m (h, w), exact at the pixel's centre, and the index of the surface seen (h, w).

        Where nothing is seen they are 0 and -1.
        """
        inverse_depth, seen, _ = self._draw(view, with_colour=False)
        return inverse_depth, seen

    def colour(self, view: RenderedView) -> UInt8Image:
        """Draw uint8 (h, w, 3), anti-aliased; black where no surface is visible."""
        width, height = view.size
        _, _, image = self._draw(view.resized((width * SUPERSAMPLING, height * SUPERSAMPLING)), with_colour=True)
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _draw(self, view: RenderedView, with_colour: bool) -> tuple[Float32, NDArray[np.int32], UInt8Image]:
        width, height = view.size
        inverse_depth = np.zeros((height, width), dtype=np.float32)
        seen = np.full((height, width), -1, dtype=np.int32)
        image = np.zeros((height, width, 3) if with_colour else (0, 0, 3), dtype=np.uint8)
        xs = np.arange(width, dtype=np.float32) + np.float32(0.5)
        ys = np.arange(height, dtype=np.float64) + 0.5

        to_pixels, to_surface = self._homographies(view)
        for patch, (x0, y0, x1, y1) in self._visible(view):
            owner = self._owner[patch]
            inverse = to_surface[owner]
            lines = np.concatenate([self._edges[patch] @ inverse, inverse[2:]])  # the last: in front of the camera
            left, right = _row_spans(lines, ys[y0:y1])
            x = xs[x0:x1]
            nearer = (x >= left[:, None]) & (x <= right[:, None])
            a, b, c = inverse[2]
            here = (a * x).astype(np.float32) + (b * ys[y0:y1] + c).astype(np.float32)[:, None]
            nearer &= here > inverse_depth[y0:y1, x0:x1]
            rows = np.flatnonzero(nearer.any(axis=1))
            if not len(rows):
                continue
            columns = np.flatnonzero(nearer.any(axis=0))
            r, q = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            box = slice(y0 + rows[0], y0 + rows[-1] + 1), slice(x0 + columns[0], x0 + columns[-1] + 1)
            mask = nearer[r, q].astype(np.uint8)
            cv2.copyTo(here[r, q], mask, inverse_depth[box])
            if with_colour:
                level = self._mip_levels(to_pixels[owner], patch)
                texture = self.surfaces[owner].shrunk_texture(*level)
                cv2.copyTo(_warp(texture, inverse, box), mask, image[box])
            else:
                seen[box][mask.view(bool)] = owner
        return inverse_depth, seen, image

    def _homographies(self, view: RenderedView) -> tuple[Float, Float]:
        """For each surface the homography from (s, t) to pixels and its inverse; (n, 3, 3) each."""
        frames = self._frames - np.array([[0.0, 0.0, 1.0]]) * view.position_m[:, None]
        to_pixels = view.projection @ view.rotation.T @ frames
        edge_on = np.abs(np.linalg.det(to_pixels)) < 1e-12
        to_pixels[edge_on] = np.eye(3)  # seen exactly from its edge: `_visible` leaves it out
        return to_pixels, np.linalg.inv(to_pixels).astype(np.float64)

    def _visible(self, view: RenderedView) -> list[tuple[int, tuple[int, int, int, int]]]:
        """The outlines that may be seen, nearest first, each with the pixels (x0, y0, x1, y1) it lies within."""
        width, height = view.size
        facing = np.einsum("nk,nk->n", self._normals, view.position_m - self._frames[:, :, 2])
        shown = np.where(self._two_sided, np.abs(facing), facing)[self._owner] > 1e-6
        candidates = shown.nonzero()[0]
        pixels = (self._points[candidates] - view.position_m) @ (view.projection @ view.rotation.T).T
        x, y, z = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        outside = [z < 1e-3, x < 0, x > width * z, y < 0, y > height * z]
        inside = ~np.any([o.all(axis=1) for o in outside], axis=0)
        candidates, x, y, z = candidates[inside], x[inside], y[inside], z[inside]

        whole = (z > 1e-3).all(axis=1)[:, None]  # else it reaches behind the camera: take the whole image
        z = np.maximum(z, 1e-3)
        x, y = np.where(whole, x / z, np.nan), np.where(whole, y / z, np.nan)
        bounds = np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
        bounds = np.where(np.isnan(bounds), (0, 0, width, height), bounds)
        low = np.clip(np.floor(bounds[:, :2]), 0, (width - 1, height - 1)).astype(int)
        high = np.clip(np.ceil(bounds[:, 2:]), low + 1, (width, height)).astype(int)
        order = np.argsort(z.min(axis=1), kind="stable")
        return [(int(candidates[i]), (*low[i].tolist(), *high[i].tolist())) for i in order]

    def _mip_levels(self, to_pixels: Float, patch: int) -> tuple[int, int]:
        """How often to halve the texture in width and height, from its texels per image pixel at its centre."""
        s, t = self._centres[patch]
        x, y, z = to_pixels @ (s, t, 1)
        if z <= 1e-3:
            return 0, 0
        steps = (to_pixels[:2, :2] - np.outer((x / z, y / z), to_pixels[2, :2])) / z  # pixels for a step of s, of t
        texels = SUPERSAMPLING * self._texture_sizes[self._owner[patch]] / np.maximum(np.hypot(*steps), 1e-6)
        across, along = np.clip(np.floor(np.log2(texels) + 0.35), 0, MAX_MIP_LEVEL).astype(int)
        return int(across), int(along)


def _edges(outline: Float, most: int) -> Float:
    """Lines (a, b, c) with a*s + b*t + c >= 0 inside, (most, 3); the last is repeated."""
    start, end = outline, np.roll(outline, -1, axis=0)
    step = end - start
    a, b = -step[:, 1], step[:, 0]
    lines = np.stack([a, b, -(a * start[:, 0] + b * start[:, 1])], axis=1)
    return np.pad(lines, ((0, most - len(lines)), (0, 0)), mode="edge")


def _row_spans(lines: Float, ys: Float) -> tuple[Float32, Float32]:
    """For each row the first and the last x at which a*x + b*y + c >= 0 for all lines (a, b, c)."""
    a = np.where(lines[:, 0] == 0, 1e-30, lines[:, 0])[:, None]
    bound = -(lines[:, 1:2] * ys + lines[:, 2:]) / a
    rising = a > 0
    left = np.where(rising, bound, -np.inf).max(axis=0)
    right = np.where(rising, np.inf, bound).min(axis=0)
    # A thousandth of a pixel more than exact, lest rounding leave a pinhole where two surfaces meet.
    return (left - 1e-3).astype(np.float32), (right + 1e-3).astype(np.float32)


def _warp(texture: UInt8Image, inverse: Float, box: tuple[slice, slice]) -> UInt8Image:
    """The texture as seen in the supersampled pixels of `box`: once an image pixel, the same for all its parts.

    Only the surfaces' edges need more than one sample a pixel; inside, the texture has the right size already.
    """
    n = SUPERSAMPLING
    h, w = texture.shape[:2]
    (top, bottom), (left, right) = ((side.start // n, -(-side.stop // n)) for side in box)
    to_texels = np.array([[w, 0, -0.5], [0, h, -0.5], [0, 0, 1]])
    to_centres = np.array([[n, 0, n * (left + 0.5)], [0, n, n * (top + 0.5)], [0, 0, 1]])
    seen = cv2.warpPerspective(
        texture,
        to_texels @ inverse @ to_centres,
        (right - left, bottom - top),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    parts = cv2.resize(seen, None, fx=n, fy=n, interpolation=cv2.INTER_NEAREST)
    rows, columns = (
        slice(side.start - n * first, side.stop - n * first) for side, first in zip(box, (top, left), strict=True)
    )
    return np.asarray(parts[rows, columns], dtype=np.uint8)
