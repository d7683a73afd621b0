"""Check poses, and measure the distance between two."""

from __future__ import annotations

import math

from capture.frame import Pose

LOST_POSE = Pose((0.0, 0.0, 0.0, 0.0))  # of a frame whose tracking was lost, as Record3D writes it; never a valid pose


def is_pose(pose: Pose) -> bool:
    """Whether its numbers are finite and its quaternion is not 0."""
    return all(map(math.isfinite, pose.as_list())) and any(pose.quaternion)


def apart(one: Pose, other: Pose) -> tuple[float, float]:
    """Return metres and degrees between two valid poses; their quaternions may have any length but 0."""
    cosine = sum(a * b for a, b in zip(one.quaternion, other.quaternion, strict=True))
    cosine /= math.hypot(*one.quaternion) * math.hypot(*other.quaternion)
    return math.dist(one.position_m, other.position_m), math.degrees(2 * math.acos(min(1.0, abs(cosine))))
