"""One moment of a stream as the estimator needs it: a small grey picture, where the camera was, and the prediction."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap, Frame, Intrinsics, Pose
from capture.geometry.poses import is_pose
from capture.jpeg import UInt8Image

Float64 = NDArray[np.float64]
Pixels = NDArray[np.float32]  # (n, 2), x and y of pixels' centres; the first pixel's is (0, 0)

LONG_SIDE_PX = 480  # a corner is tracked to half a pixel here: more pixels cost time and add little
LEAST_DEPTH_M = 1e-3  # of predictions; one that is no number counts as this, and agrees with nothing
_NO_POSE = Pose()  # what sources without tracking give


@dataclass(frozen=True, eq=False)
class MotionView:
    """A frame, reduced.

    seconds      on any clock that runs with the stream
    gray         uint8 (h, w)
    intrinsics   in pixels of `gray`
    rotation     float64 (3, 3), camera to world; OpenCV's axes: x right, y down, z ahead
    position_m   float64 (3,), of the camera in the world
    predicted_m  float32 (h', w'), metres, over the whole picture
    """

    seconds: float
    gray: UInt8Image
    intrinsics: Intrinsics
    rotation: Float64
    position_m: Float64
    predicted_m: DepthMap

    @classmethod
    def of_frame(cls, frame: Frame, predicted_m: DepthMap) -> MotionView | None:
        """Reduce a frame; None where it has no pose or no intrinsics. Raises ValueError if its JPEG is damaged."""
        if not has_motion(frame.pose, frame.intrinsics):
            return None
        rgb = frame.rgb_for(small(frame.rgb_size))
        intrinsics = frame.intrinsics.resized(frame.rgb_size, (rgb.shape[1], rgb.shape[0]))
        return cls.of_picture(rgb, intrinsics, frame.pose, frame.received_ns / 1e9, predicted_m)

    @classmethod
    def of_picture(
        cls, rgb: UInt8Image, intrinsics: Intrinsics, pose: Pose, seconds: float, predicted_m: DepthMap
    ) -> MotionView | None:
        """Reduce uint8 (H, W, 3) of any size, with the intrinsics in its pixels; None as for `of_frame`."""
        if not has_motion(pose, intrinsics):
            return None
        rgb_size = (rgb.shape[1], rgb.shape[0])
        size = small(rgb_size)
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        if rgb_size != size:
            gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
        rotation, position_m = opencv_pose(pose)
        return cls(
            seconds, np.asarray(gray, np.uint8), intrinsics.resized(rgb_size, size), rotation, position_m, predicted_m
        )

    def rays(self, pixels: Pixels) -> Float64:
        """Return float64 (n, 3): direction of each pixel in the camera's axes, with z = 1."""
        k = self.intrinsics
        x, y = (pixels[:, 0] + 0.5 - k.cx) / k.fx, (pixels[:, 1] + 0.5 - k.cy) / k.fy
        return np.stack([x, y, np.ones(len(pixels))], axis=1)

    def directions(self, pixels: Pixels) -> Float64:
        """Return float64 (n, 3): unit direction of each pixel in the world's axes."""
        rays = self.rays(pixels)
        unit: Float64 = rays / np.linalg.norm(rays, axis=1, keepdims=True) @ self.rotation.T
        return unit

    def project(self, world_m: Float64) -> tuple[Pixels, Float64]:
        """Return pixels float32 (n, 2) and distances ahead of the camera float64 (n,) of points (n, 3) in the world.

        The pixels of points that are not at least a millimetre ahead have no meaning.
        """
        camera = (world_m - self.position_m) @ self.rotation
        z, k = camera[:, 2], self.intrinsics
        ahead = np.maximum(z, 1e-3)
        x, y = camera[:, 0] / ahead * k.fx + k.cx - 0.5, camera[:, 1] / ahead * k.fy + k.cy - 0.5
        return np.stack([x, y], axis=1).astype(np.float32), z

    def predicted_at(self, pixels: Pixels) -> Float64:
        """Return float64 (n,), metres: the prediction at pixels of `gray`, interpolated; at least a millimetre."""
        if not len(pixels):
            return np.zeros(0)
        (height, width), (h, w) = self.gray.shape, self.predicted_m.shape
        x, y = (pixels[:, 0] + 0.5) * w / width - 0.5, (pixels[:, 1] + 0.5) * h / height - 0.5
        values = cv2.remap(
            self.predicted_m,
            x[:, None].astype(np.float32),
            y[:, None].astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        usable = np.where(np.isfinite(values), values, LEAST_DEPTH_M).ravel()
        return np.asarray(np.maximum(usable, LEAST_DEPTH_M), dtype=np.float64)

    @property
    def distance_m(self) -> float:
        """Median of the prediction; 1 where it has no finite number."""
        finite = self.predicted_m[np.isfinite(self.predicted_m)]
        return max(float(np.median(finite)), LEAST_DEPTH_M) if finite.size else 1.0


def small(size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the estimator's picture for one of `size`."""
    factor = min(1.0, LONG_SIDE_PX / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def has_motion(pose: Pose, intrinsics: Intrinsics) -> bool:
    """Whether both are known: without tracking a source gives the identity, without intrinsics zeros."""
    return is_pose(pose) and pose != _NO_POSE and intrinsics.fx > 0 and intrinsics.fy > 0


def opencv_pose(pose: Pose) -> tuple[Float64, Float64]:
    """Return rotation (3, 3), camera to world with OpenCV's axes, and position (3,) of a valid pose."""
    x, y, z, w = np.array(pose.quaternion) / np.linalg.norm(pose.quaternion)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return rotation @ np.diag([1.0, -1.0, -1.0]), np.array(pose.position_m, dtype=np.float64)
