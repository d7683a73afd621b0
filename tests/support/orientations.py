"""Frames of a phone held in some orientation."""

from __future__ import annotations

from dataclasses import replace
from math import cos, radians, sin

from app.session.orientation import Rotation
from capture.frame import Camera, Frame, Pose
from tests.support.frames import make_frame

EVERY_TURN = [Rotation(quarter_turns, mirrored) for quarter_turns in range(4) for mirrored in (False, True)]


def held(clockwise: float, pitch: float = 20.0, camera: Camera = Camera.LIDAR) -> Frame:
    """A frame of a phone that was turned so many degrees clockwise, as its holder sees it, and looks up by `pitch`."""
    roll, tilt = radians(-clockwise) / 2, radians(pitch) / 2
    # The world's x axis first, then the camera's own z axis: (sin, 0, 0, cos) times (0, 0, sin, cos).
    quaternion = (sin(tilt) * cos(roll), -sin(tilt) * sin(roll), cos(tilt) * sin(roll), cos(tilt) * cos(roll))
    frame = make_frame(0, depth_size=(192, 256), camera=camera)
    return replace(frame, pose=Pose(quaternion, (1.0, 2.0, 3.0)))
