"""Convert camera poses between OpenCV's axes and ours.

Cameras in computer vision look along +z with y down (OpenCV's axes: Hartley and Zisserman, Multiple View Geometry,
2004, 6.1); ours, like the phone's, look along -z with y up (OpenGL's). They differ by half a turn about the x axis. The
world and the camera's position stay the same.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from capture.frame import Pose

ORTHOGONAL_WITHIN = 0.01  # tolerance for rotation matrices as printed by data sets; other matrices deviate far more
MAX_POSITION_M = 1e6  # farther than any camera moves, and far below overflow

Floats = NDArray[np.float64]


def pose_from_opencv(quaternion: Floats, position_m: Floats) -> Pose:
    """Convert a pose in OpenCV's axes to ours: its quaternion (x, y, z, w), of any length but 0, and position."""
    x, y, z, w = (quaternion / math.hypot(*quaternion)).tolist()
    # q * (1, 0, 0, 0), half a turn about x; of the two quaternions of a rotation the one with w >= 0
    turned = (w, z, -y, -x) if x <= 0 else (-w, -z, y, x)
    px, py, pz = position_m.tolist()
    return Pose(turned, (px, py, pz))


def pose_from_matrix(camera_to_world: Floats) -> Pose:
    """Convert a pose in OpenCV's axes to ours: float64 (4, 4), a rotation and a translation in metres.

    Raises ValueError if the matrix is anything else: not finite (in some data sets: tracking was lost), scaled, sheared
    or mirrored.
    """
    rotation, position_m = camera_to_world[:3, :3], camera_to_world[:3, 3]
    if (
        not (np.abs(camera_to_world) < MAX_POSITION_M).all()  # also for NaN
        or not np.allclose(rotation.T @ rotation, np.eye(3), rtol=0, atol=ORTHOGONAL_WITHIN)
        or np.linalg.det(rotation) < 0
        or not np.allclose(camera_to_world[3], (0, 0, 0, 1))
    ):
        raise ValueError(f"a pose must be a rotation and a translation. Received: {camera_to_world.tolist()!r:.80}")
    return pose_from_opencv(_quaternion(rotation), position_m)


def opencv_from_pose(pose: Pose) -> tuple[Floats, Floats]:
    """Convert our pose to OpenCV's axes: a quaternion (x, y, z, w) of length 1, and the position in metres."""
    turned = pose_from_opencv(np.array(pose.quaternion), np.array(pose.position_m))  # half a turn is its own inverse
    return np.array(turned.quaternion), np.array(turned.position_m)


def matrix_from_pose(pose: Pose) -> Floats:
    """Return float64 (4, 4): camera to world in our axes, OpenGL's; the quaternion may be of any length but 0.

    The rotation of a quaternion: Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985.
    """
    x, y, z, w = (np.array(pose.quaternion) / math.hypot(*pose.quaternion)).tolist()
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = pose.position_m
    return matrix


def opencv_matrix_from_pose(pose: Pose) -> Floats:
    """Return float64 (4, 4): camera to world, the camera in OpenCV's axes."""
    return matrix_from_pose(pose) @ np.diag([1.0, -1.0, -1.0, 1.0])


def _quaternion(rotation: Floats) -> Floats:
    """(x, y, z, w) nearest to a matrix that is a rotation but for rounding (Bar-Itzhack, J. Guidance 23(6), 2000)."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    symmetric = np.array(
        [
            [xx - yy - zz, xy + yx, xz + zx, zy - yz],
            [xy + yx, yy - xx - zz, yz + zy, xz - zx],
            [xz + zx, yz + zy, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    return np.asarray(np.linalg.eigh(symmetric).eigenvectors[:, -1], dtype=np.float64)  # of the largest eigenvalue
