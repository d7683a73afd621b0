"""Find the direction of "up" in a picture from the phone's pose.

The world's y axis points up (ARKit's world alignment `gravity`), and the pose is of a camera with the axes of the
picture as received. app/session/orientation.py describes on which phones this was verified.
"""

from __future__ import annotations

from math import atan2, degrees, hypot, isfinite

from capture.frame import LIDAR_PIXELS, Pose

LEAST_TILT = 0.3  # sine of the angle from straight up or down, 17 degrees; below it a tremor would rotate the view
STAYS_WITHIN_DEGREES = 60.0  # keeps the current rotation; above 45, so that a phone held at an angle does not flicker
NO_POSE = Pose().quaternion  # the identity: always from the front camera, and from data sets without poses


def up_in_camera(pose: Pose, depth_size: tuple[int, int]) -> tuple[float, float, float] | None:
    """Return the world's "up", of length 1, in the camera's axes: to the picture's right, its top, towards the viewer.

    None if unknown: without a pose, and for depth maps of another size than the phone's LiDAR, as the poses of other
    data sets are in other worlds (7-Scenes: y down; TUM RGB-D: z up).
    """
    x, y, z, w = pose.quaternion
    square = x * x + y * y + z * z + w * w
    if depth_size[0] * depth_size[1] != LIDAR_PIXELS or pose.quaternion == NO_POSE or not 0 < square < 1e6:
        return None
    # The second row of the rotation matrix: the world's y in the camera's axes.
    up = 2 * (x * y + z * w) / square, 1 - 2 * (x * x + z * z) / square, 2 * (y * z - x * w) / square
    return up if all(map(isfinite, up)) else None


def quarter_turns(up: tuple[float, float, float] | None, before: int | None) -> int | None:
    """Return by how many quarter turns, clockwise, the picture has to be rotated to be upright: 0 to 3.

    `before` is the result for the previous frame. It is kept while gravity gives none, and until another is clearly
    right. None while nothing is known.
    """
    if up is None or hypot(up[0], up[1]) < LEAST_TILT:
        return before
    clockwise = degrees(atan2(up[0], up[1]))  # from the picture's upper edge to where up is
    turned = clockwise + 90 * (before or 0)
    if before is None or abs((turned + 180) % 360 - 180) > STAYS_WITHIN_DEGREES:
        return round(-clockwise / 90) % 4
    return before
