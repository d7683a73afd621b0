"""Path of the camera through the demo room: a closed loop around the free space in its middle, held in a hand."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import Pose
from capture.room.render import Float, Surface

CELL_M = 0.02  # of the map of obstacles
CLEARANCE_M = 0.46  # kept from furniture and walls, seen from above
OBSTACLE_M = (0.65, 2.2)  # surfaces completely below (the camera passes above) or above this range are no obstacles
DIRECTIONS = 360


class Walk:
    """Camera path of the loop: per frame `positions_m` (n, 3) and `rotations` (n, 3, 3), camera to world.

    `reverse`: the same loop the other way round. The camera looks ahead, so that where both walks pass the same place
    it looks elsewhere.
    """

    def __init__(
        self,
        size_m: tuple[float, float],
        furniture: list[Surface],
        frames: int,
        rng: np.random.Generator,
        reverse: bool = False,
    ) -> None:
        clearance_m = _clearance(size_m, furniture)
        row, column = np.unravel_index(np.argmax(clearance_m), clearance_m.shape)
        centre = np.array([column + 0.5, row + 0.5]) * CELL_M
        radius_m = _reach(clearance_m, centre)

        phase = rng.uniform(0, 2 * np.pi, 12)
        sense = rng.choice([-1.0, 1.0]) * (-1 if reverse else 1)
        fine = np.linspace(0, 2 * np.pi, 8 * DIRECTIONS + 1)
        around = sense * fine - np.pi / 2 + rng.normal(0, 0.3)  # begins on the window's side, with the room before it
        held = np.interp(around % (2 * np.pi), np.linspace(0, 2 * np.pi, DIRECTIONS + 1), [*radius_m, radius_m[0]])
        held *= 0.86 + 0.12 * np.sin(2 * fine + phase[0])
        path = centre + held[:, None] * np.stack([np.cos(around), np.sin(around)], axis=1)
        walked = np.cumsum([0, *np.linalg.norm(np.diff(path, axis=0), axis=1)])
        steady = np.linspace(0, walked[-1], frames, endpoint=False)  # the same speed everywhere
        x, z, angle = (np.interp(steady, walked, values) for values in (path[:, 0], path[:, 1], around))

        turn = 2 * np.pi * np.arange(frames) / frames
        height = 1.40 + 0.13 * np.sin(turn + phase[2]) + 0.04 * np.sin(3 * turn + phase[3]) + 0.01 * np.sin(14 * turn)
        sway = 0.008 * np.sin(7 * turn + phase[1])
        self.positions_m = np.stack([x + sway, height, z + 0.008 * np.sin(7 * turn + phase[4])], axis=1)
        # From the window's side it looks across at what is far, then ahead along the way, from the far side outwards.
        heading = angle + sense * (1.5 + 0.6 * np.cos(turn + rng.normal(0, 0.3))) + 0.012 * np.sin(9 * turn + phase[6])
        pitch = -0.26 + 0.15 * np.sin(2 * turn + phase[7]) + 0.05 * np.sin(5 * turn + phase[8])
        roll = 0.02 * np.sin(3 * turn + phase[9]) + 0.006 * np.sin(11 * turn + phase[10])
        self.rotations = np.stack([_rotation(h, p, r) for h, p, r in zip(heading, pitch, roll, strict=True)])

    def pose(self, i: int) -> Pose:
        """The pose of frame `i`; the walk repeats."""
        i %= len(self.positions_m)
        x, y, z = (float(v) for v in self.positions_m[i])
        return Pose(quaternion(self.rotations[i]), (x, y, z))


def _clearance(size_m: tuple[float, float], furniture: list[Surface]) -> NDArray[np.float32]:
    """Distance to the nearest obstacle for each cell (z, x) of the floor, metres."""
    width, depth = (int(length / CELL_M) for length in size_m)
    free = np.zeros((depth, width), dtype=np.uint8)
    free[1:-1, 1:-1] = 255
    for points in _obstacles(furniture):
        hull = cv2.convexHull(np.round(points[:, [0, 2]] / CELL_M - 0.5).astype(np.int32))
        cv2.fillConvexPoly(free, hull, 0)
    return np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * CELL_M, dtype=np.float32)


def _obstacles(furniture: list[Surface]) -> Iterator[Float]:
    for surface in furniture:
        points = np.concatenate([surface.points(outline) for outline in surface.outlines])
        if points[:, 1].max() > OBSTACLE_M[0] and points[:, 1].min() < OBSTACLE_M[1]:
            yield points


def _reach(clearance_m: NDArray[np.float32], centre: Float) -> Float:
    """Return the free distance from the centre per direction (DIRECTIONS,), smoothed without increasing anywhere."""
    reach = np.zeros(DIRECTIONS)
    steps = np.arange(0, 4, CELL_M)
    for i, angle in enumerate(np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS):
        way = (centre + steps[:, None] * (np.cos(angle), np.sin(angle))) / CELL_M
        columns, rows = way.astype(int).T
        inside = (rows >= 0) & (columns >= 0) & (rows < clearance_m.shape[0]) & (columns < clearance_m.shape[1])
        near = np.ones(len(steps), dtype=bool)
        near[inside] = clearance_m[rows[inside], columns[inside]] < CLEARANCE_M
        reach[i] = steps[max(0, int(np.argmax(near)) - 1)]
    window = DIRECTIONS // 18
    around = np.stack([np.roll(reach, k) for k in range(-window, window + 1)])
    least = around.min(axis=0)  # the mean of these minima over the same window exceeds no value in its middle
    weights = np.hanning(2 * window + 3)[1:-1]
    mean = sum(w * np.roll(least, k) for w, k in zip(weights, range(-window, window + 1), strict=True))
    return np.asarray(mean / weights.sum())


def _rotation(heading: float, pitch: float, roll: float) -> Float:
    """Camera to world: looking along (cos heading, tan pitch, sin heading), then rolled."""
    ahead = np.array([np.cos(heading) * np.cos(pitch), np.sin(pitch), np.sin(heading) * np.cos(pitch)])
    right = np.cross(ahead, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    c, s = np.cos(roll), np.sin(roll)
    return np.stack([c * right + s * up, c * up - s * right, -ahead], axis=1)


def quaternion(rotation: Float) -> tuple[float, float, float, float]:
    """(x, y, z, w) of a rotation matrix: the eigenvector of Bar-Itzhack, "New Method for Extracting the Quaternion from
    a Rotation Matrix", J. Guidance 2000; w is not negative.
    """
    m = rotation
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    vector = np.linalg.eigh(k)[1][:, -1]  # eigh reads the lower triangle
    x, y, z, w = (float(v) for v in (vector if vector[3] >= 0 else -vector))
    return x, y, z, w
