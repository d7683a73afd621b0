"""Ray casting against the demo room's boxes, for its light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capture.room.render import Float, Float32

RAYS_AT_ONCE = 1 << 15  # so that the arrays of a step stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Boxes:
    """Solid boxes for ray casting: centres and half sizes (n, 3), rotations box to world (n, 3, 3)."""

    centres: Float32
    halves: Float32
    rotations: Float32

    def first_hit(self, origins: Float32, directions: Float32) -> tuple[Float32, NDArray[np.int32]]:
        """Return the distance in units of `directions`' length (r,), infinite for a miss, and the face hit (r,) or -1.

        Faces are numbered as by `face`. The slab test of Kay and Kajiya, "Ray tracing complex scenes", SIGGRAPH 1986;
        for a ray that begins inside a box the distance is 0.
        """
        distance = np.full(len(origins), np.inf, dtype=np.float32)
        face = np.full(len(origins), -1, dtype=np.int32)
        for start in range(0, len(origins), RAYS_AT_ONCE):
            part = slice(start, start + RAYS_AT_ONCE)
            self._hit_part(origins[part], directions[part], distance[part], face[part])
        return distance, face

    def face(self, box: int, normal: Float) -> int:
        """The number of a box's face: six a box, by the axis to which its outward normal is nearest and its sign."""
        along = normal @ self.rotations[box]
        axis = int(np.argmax(np.abs(along)))
        return 6 * box + 2 * axis + int(along[axis] > 0)

    def _hit_part(self, origins: Float32, directions: Float32, distance: Float32, face: NDArray[np.int32]) -> None:
        turned = None
        for i, (centre, half, rotation) in enumerate(zip(self.centres, self.halves, self.rotations, strict=True)):
            if turned is None or not np.array_equal(rotation, self.rotations[i - 1]):  # boxes of one piece share theirs
                turned = np.ascontiguousarray((origins @ rotation).T)
                slope = np.ascontiguousarray((directions @ rotation).T)
                slope = 1 / np.where(np.abs(slope) < 1e-9, np.float32(1e-9), slope)
                width = np.abs(slope)
            middle = ((centre @ rotation)[:, None] - turned) * slope
            reach = half[:, None] * width
            entry = middle - reach
            near = np.maximum(entry.max(axis=0), 0)
            far = np.minimum((middle + reach).min(axis=0), distance)
            closer = np.flatnonzero(near < far)
            distance[closer] = near[closer]
            axis = entry[:, closer].argmax(axis=0)
            face[closer] = 6 * i + 2 * axis + (slope[axis, closer] < 0)
