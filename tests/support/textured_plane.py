"""Views of a textured, slanted plane from cameras with known poses: every distance in them is known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import Frame, Intrinsics, Pose
from model.motion.view import MotionView

SIZE = (360, 480)  # (width, height)
CAMERA = Intrinsics(363.0, 363.0, 180.0, 240.0)
SLANT = 0.3  # the plane: z = DISTANCE_M + SLANT * x
DISTANCE_M = 1.0
_HALF_M, _PIXELS = 3.0, 1500


def _texture() -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).integers(0, 256, (_PIXELS, _PIXELS), dtype=np.uint8)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.0), None, 0, 255, cv2.NORM_MINMAX), np.uint8)


TEXTURE = _texture()


def rotation(vector: tuple[float, float, float]) -> NDArray[np.float64]:
    """Rotation (3, 3) about a vector, by its length in radians."""
    return np.asarray(cv2.Rodrigues(np.array(vector))[0])


def depth_of(position_m: NDArray[np.float64], turned: NDArray[np.float64]) -> NDArray[np.float32]:
    """True depth float32 (256, 192), metres."""
    x, y = np.meshgrid((np.arange(192) + 0.5) * SIZE[0] / 192, (np.arange(256) + 0.5) * SIZE[1] / 256)
    rays = np.stack([(x - CAMERA.cx) / CAMERA.fx, (y - CAMERA.cy) / CAMERA.fy, np.ones_like(x)], axis=-1) @ turned.T
    normal = np.array([-SLANT, 0.0, 1.0])
    return np.asarray((DISTANCE_M - normal @ position_m) / (rays @ normal), dtype=np.float32)


def plane_view(
    seconds: float,
    position_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
    factor: float = 1.0,
    believed_m: tuple[float, float, float] | None = None,
) -> MotionView:
    """The plane from a camera; its prediction is the true depth over `factor`; the pose may be `believed_m` instead."""
    position, turned = np.array(position_m), rotation(turn)
    plane = np.array([[1.0, 0, 0], [0, 1, 0], [SLANT, 0, DISTANCE_M]])  # (x, y, 1) to the world
    k = np.array([[CAMERA.fx, 0, CAMERA.cx - 0.5], [0, CAMERA.fy, CAMERA.cy - 0.5], [0, 0, 1]])
    to_camera = k @ turned.T @ (plane - np.outer(position, [0, 0, 1]))
    step = 2 * _HALF_M / _PIXELS
    to_plane = np.array([[step, 0, -_HALF_M], [0, step, -_HALF_M], [0, 0, 1]])
    gray = cv2.warpPerspective(TEXTURE, to_camera @ to_plane, SIZE, flags=cv2.INTER_AREA)
    pose = position if believed_m is None else np.array(believed_m)
    predicted_m = depth_of(position, turned) / np.float32(factor)
    return MotionView(seconds, np.asarray(gray, np.uint8), CAMERA, turned, pose, predicted_m)


def plane_frames(count: int, fps: float = 10.0, step_m: float = 0.02) -> list[Frame]:
    """Frames of a camera that moves sideways along the plane, without turning, with the true depth."""
    frames = []
    for i in range(count):
        position_m = (step_m * i - 0.1, 0.0, 0.0)
        view = plane_view(i / fps, position_m)
        frames.append(
            Frame(
                index=i,
                received_ns=round(i / fps * 1e9),
                image=np.repeat(view.gray[..., None], 3, axis=2),
                depth_m=view.predicted_m,
                confidence=None,
                intrinsics=CAMERA,
                pose=Pose((1.0, 0.0, 0.0, 0.0), position_m),  # OpenGL's axes are half a turn about x from OpenCV's
            )
        )
    return frames
