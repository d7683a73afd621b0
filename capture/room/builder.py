"""Build the demo room's pieces from boxes, round bodies and leaves, in axes that move with the piece."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from capture.jpeg import UInt8Image
from capture.room.light import Lamp
from capture.room.rays import Boxes
from capture.room.render import UNIT_SQUARE, Float, Surface, tiles
from capture.room.textures import Colour, Material, Rng, fabric, ribbed, shade, smooth, vary, wood

_FACES = {  # outward normal and the direction in which the texture's columns run
    "front": ((0, 0, 1), (0, -1, 0)),
    "back": ((0, 0, -1), (0, -1, 0)),
    "right": ((1, 0, 0), (0, -1, 0)),
    "left": ((-1, 0, 0), (0, -1, 0)),
    "top": ((0, 1, 0), (0, 0, 1)),
    "bottom": ((0, -1, 0), (0, 0, -1)),
}


@dataclass(frozen=True, eq=False)
class Materials:
    """The room's palette, drawn at random."""

    wood: Material
    dark_wood: Material
    white: Material
    black: Material
    metal: Material
    sofa: Material
    cushions: tuple[Material, ...]
    pottery: Material
    radiator: Material
    leaf: Colour
    cupboard: Colour

    @classmethod
    def draw(cls, rng: Rng) -> Materials:
        sofas = [(74, 96, 112), (142, 76, 58), (92, 104, 78), (176, 164, 146), (66, 70, 80), (150, 118, 60)]
        accents = [(206, 150, 52), (178, 84, 66), (70, 116, 128), (222, 208, 180), (88, 110, 76), (128, 84, 112)]
        woods = [(186, 138, 88), (204, 166, 118), (150, 100, 60), (216, 186, 146)]
        picked = rng.permutation(len(accents))[:3]
        return cls(
            wood=wood(rng, vary(rng, woods[int(rng.integers(len(woods)))], 8)),
            dark_wood=wood(rng, vary(rng, (104, 68, 44), 8)),
            white=smooth(rng, (232, 230, 224)),
            black=smooth(rng, (30, 31, 34)),
            metal=smooth(rng, (150, 152, 156)),
            sofa=fabric(rng, vary(rng, sofas[int(rng.integers(len(sofas)))], 8)),
            cushions=tuple(fabric(rng, vary(rng, accents[i], 8)) for i in picked),
            pottery=smooth(rng, vary(rng, (196, 112, 78) if rng.random() < 0.5 else (214, 210, 200), 10)),
            radiator=ribbed(rng, (226, 226, 222)),
            leaf=vary(rng, (64, 112, 54), 12),
            cupboard=vary(rng, accents[int(rng.integers(len(accents)))], 10),
        )


@dataclass(frozen=True, eq=False)
class Builder:
    """Collector of surfaces, shadow-casting boxes and lamps; pieces are built in axes given by rotation and origin."""

    rng: Rng
    materials: Materials
    surfaces: list[Surface] = field(default_factory=list)
    boxes: list[tuple[Float, Float, Float]] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    rotation: Float = field(default_factory=lambda: np.eye(3))
    origin: Float = field(default_factory=lambda: np.zeros(3))

    def moved(self, x: float, y: float, z: float, yaw: float = 0.0, pitch: float = 0.0) -> Builder:
        """Return the same collector with other axes: shifted, then rotated about y (radians), then tilted about x."""
        c, s, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        return replace(self, rotation=self.rotation @ turn, origin=self.world((x, y, z)))

    def world(self, point: tuple[float, float, float]) -> Float:
        return np.asarray(self.origin + self.rotation @ np.array(point, dtype=np.float64))

    def box(
        self,
        low: tuple[float, float, float],
        high: tuple[float, float, float],
        material: Material,
        pictures: dict[str, UInt8Image] | None = None,
        shadow: bool = True,
        part_of: int = -1,
        glow: float = 0.0,
        glass: bool = False,
    ) -> None:
        """Add a box between two corners; `pictures` replace the material on the faces they name.

        `part_of` is the index of a box that casts the shadow instead, for small boxes close together.
        """
        lo, hi = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
        centre, half = self.world(tuple((lo + hi) / 2)), (hi - lo) / 2
        index = self.occluder(low, high) if shadow and part_of < 0 else part_of
        for name, (normal, down) in _FACES.items():
            n, d = np.array(normal, dtype=np.float64), np.array(down, dtype=np.float64)
            right, along = np.cross(n, d) * 2 * half, d * 2 * half
            width, height = float(np.abs(right).sum()), float(np.abs(along).sum())
            picture = (pictures or {}).get(name)
            self.surfaces.append(
                Surface(
                    corner=centre + self.rotation @ (n * half - (right + along) / 2),
                    right=self.rotation @ right,
                    down=self.rotation @ along,
                    texture=picture if picture is not None else material.cut(self.rng, width, height),
                    outlines=tiles(width, height),
                    glow=glow if picture is not None else 0.0,
                    glass=glass and picture is not None,
                    box=index,
                )
            )

    def occluder(self, low: tuple[float, float, float], high: tuple[float, float, float]) -> int:
        """Add an invisible box that casts a shadow; returns its index."""
        lo, hi = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
        self.boxes.append((self.world(tuple((lo + hi) / 2)), (hi - lo) / 2, self.rotation))
        return len(self.boxes) - 1

    def prism(
        self,
        base: tuple[float, float, float],
        radii: tuple[float, float],
        height: float,
        material: Material,
        sides: int = 12,
        filled: float = 1.0,
        content: Material | None = None,
        glow: float = 0.0,
        shadow: bool = True,
    ) -> None:
        """Add an upright round body with `radii` at its bottom and top, filled with `content` to a part of its height.

        If that part is less than 1 the body is open and visible from inside too; at 0 it has no floor either.
        """
        x, y, z = base
        angles = np.arange(sides) * 2 * np.pi / sides
        circle = np.stack([np.sin(angles), np.zeros(sides), np.cos(angles)], axis=1)
        index, r = -1, min(radii) * 0.66  # a box inside the body casts its shadow
        if shadow:
            index = self.occluder((x - r, y, z - r), (x + r, y + height * max(filled, 0.1), z + r))
        bottom, top = circle * radii[0], circle * radii[1] + np.array([0, height, 0])
        a, b = 0.5 * radii[1] / max(radii), 0.5 * radii[0] / max(radii)
        outline = np.array([[0.5 - a, 0], [0.5 + a, 0], [0.5 + b, 1], [0.5 - b, 1]])
        for i in range(sides):
            j = (i + 1) % sides
            low, high = (bottom[i] + bottom[j]) / 2, (top[i] + top[j]) / 2
            edge = (bottom[j] - bottom[i]) if radii[0] >= radii[1] else (top[j] - top[i])
            corner = high - edge / 2 + base
            self.flat(tuple(corner), edge, low - high, material, outline, glow, index, two_sided=filled < 1)
        if filled:
            r = radii[0] + (radii[1] - radii[0]) * filled
            disc = 0.5 + 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            right, down = np.array([2 * r, 0.0, 0.0]), np.array([0.0, 0.0, 2 * r])
            self.flat((x - r, y + height * filled, z - r), right, down, content or material, disc, glow, index)

    def leaf(self, root: Float, along: Float, width: float) -> None:
        """Add a pointed leaf from `root` to `root + along`, visible from both sides."""
        side = np.cross(along, (0.0, 1.0, 0.0))
        side *= width / max(float(np.linalg.norm(side)), 1e-6)
        tone = vary(self.rng, self.materials.leaf, 9)
        stripe = np.where(np.abs(np.arange(16) - 8) < 1, 1.25, 1 - 0.02 * np.arange(16)).astype(np.float32)
        outline = np.array(
            [[0.5, 0], [0.9, 0.25], [1.0, 0.5], [0.85, 0.75], [0.5, 1], [0.15, 0.75], [0, 0.5], [0.1, 0.25]]
        )
        surface = Surface(
            corner=self.world(tuple(root - side / 2)),
            right=self.rotation @ side,
            down=self.rotation @ along,
            texture=shade(tone, np.tile(stripe, (24, 1))),
            outlines=(outline,),
            two_sided=True,
        )
        self.surfaces.append(surface)

    def flat(
        self,
        corner: tuple[float, float, float],
        right: Float,
        down: Float,
        material: Material,
        outline: Float = UNIT_SQUARE,
        glow: float = 0.0,
        box: int = -1,
        two_sided: bool = False,
    ) -> None:
        """Add a surface of the given material, in the builder's axes."""
        width, height = float(np.linalg.norm(right)), float(np.linalg.norm(down))
        self.surfaces.append(
            Surface(
                corner=self.world(corner),
                right=self.rotation @ right,
                down=self.rotation @ down,
                texture=material.cut(self.rng, width, height),
                outlines=(outline,),
                two_sided=two_sided,
                glow=glow,
                box=box,
            )
        )

    def ray_boxes(self) -> Boxes:
        centres, halves, rotations = (np.stack(part).astype(np.float32) for part in zip(*self.boxes, strict=True))
        return Boxes(centres, halves, rotations)
