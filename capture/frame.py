"""The data types of a frame: picture, depth map, confidence, intrinsics and pose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError as CaptureError  # noqa: F401 - its place in 0.1; to be removed in 0.3
from capture.jpeg import Jpeg, UInt8Image, reduction

DepthMap = NDArray[np.float32]

MAX_DEPTH_M = 65.535  # the largest value of 16-bit millimetres; larger depth is stored as "no reading"
LIDAR_PIXELS = 192 * 256  # of every iPhone's LiDAR depth map; TrueDepth has 480 x 640
MAX_TIME_S = 9e9  # of clocks, in nanoseconds within 64 bits; the year 2255


class Camera(Enum):
    """The depth sensor of the phone that measured a frame."""

    LIDAR = "lidar"
    TRUEDEPTH = "truedepth"


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole camera in pixels of the RGB image; for the aligned depth map, resize it. All 0 if unknown."""

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        if not all(np.isfinite((self.fx, self.fy, self.cx, self.cy))):
            raise ValueError(f"intrinsics must be finite. Received: {self}")

    def resized(self, old: tuple[int, int], new: tuple[int, int]) -> Intrinsics:
        """Return the intrinsics for an image resized from `old` to `new`, both (width, height)."""
        sx, sy = new[0] / old[0], new[1] / old[1]
        return Intrinsics(self.fx * sx, self.fy * sy, self.cx * sx, self.cy * sy)

    def as_list(self) -> list[float]:
        return [self.fx, self.fy, self.cx, self.cy]


@dataclass(frozen=True)
class Pose:
    """Camera to world; OpenGL axes: x right, y up, z towards the viewer. Quaternion (x, y, z, w), position in m."""

    quaternion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    position_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def as_list(self) -> list[float]:
        return [*self.quaternion, *self.position_m]

    @classmethod
    def from_list(cls, values: list[float]) -> Pose:
        """Create a pose from seven numbers qx qy qz qw tx ty tz. Raises ValueError for another count."""
        if len(values) != 7:
            raise ValueError(f"a pose must have 7 numbers (qx qy qz qw tx ty tz). Received: {len(values)}")
        qx, qy, qz, qw, tx, ty, tz = (float(v) for v in values)
        return cls((qx, qy, qz, qw), (tx, ty, tz))


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of the stream.

    index        position in the stream; gaps are lost frames
    received_ns  host monotonic clock at arrival
    image        the picture as received, unrotated and unmirrored: pixels, or the phone's own JPEG; read it by `rgb`
    depth_m      float32 (h, w), metres, 0 = no reading
    confidence   uint8 (h, w), 0 low, 1 medium, 2 high; None if the phone sends none (counts as confident)
    camera_time_s      the camera's clock when the hardware captured the frame; None if the app sends no time
    phone_time_unix_s  the phone's time of day when its app got the frame; None if the app sends no time
    """

    index: int
    received_ns: int
    image: UInt8Image | Jpeg
    depth_m: DepthMap
    confidence: UInt8Image | None
    intrinsics: Intrinsics
    pose: Pose
    camera: Camera = Camera.LIDAR
    camera_time_s: float | None = None
    phone_time_unix_s: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.image, Jpeg):
            _require(self.image, "image", np.uint8, ndim=3)
            if self.image.shape[2] != 3:
                raise ValueError(f"image must be uint8 (H, W, 3). Received: {describe(self.image)}")
        _require(self.depth_m, "depth_m", np.float32, ndim=2)
        if self.confidence is not None:
            _require(self.confidence, "confidence", np.uint8, ndim=2)
            if self.confidence.shape != self.depth_m.shape:
                raise ValueError(
                    f"confidence must have depth's shape {self.depth_m.shape}. Received: {describe(self.confidence)}"
                )

    @property
    def rgb(self) -> UInt8Image:
        """uint8 (H, W, 3), red first. Raises ValueError if the phone's JPEG cannot be decoded."""
        return self.rgb_for(self.rgb_size)

    def rgb_for(self, size: tuple[int, int]) -> UInt8Image:
        """Return uint8 (H, W, 3), red first, at least as large as `size` (width, height), if the picture is.

        Reduced to an eighth, a quarter or half if that is large enough: a JPEG is decoded at that scale and cached,
        pixels are averaged. Raises ValueError if a JPEG cannot be decoded.
        """
        if isinstance(self.image, Jpeg):
            return self.image.pixels_for(size)
        return _shrunk(self.image, reduction(self.rgb_size, size))

    @property
    def jpeg(self) -> bytes | None:
        """The phone's own JPEG; None if the source has pixels only."""
        return self.image.data if isinstance(self.image, Jpeg) else None

    @property
    def rgb_size(self) -> tuple[int, int]:
        """(width, height) of the picture."""
        return self.image.size if isinstance(self.image, Jpeg) else (self.image.shape[1], self.image.shape[0])

    @property
    def depth_size(self) -> tuple[int, int]:
        """(width, height) of the depth map."""
        return self.depth_m.shape[1], self.depth_m.shape[0]

    @property
    def nbytes(self) -> int:
        """Memory of the frame while its JPEG is not decoded."""
        picture = len(self.image.data) if isinstance(self.image, Jpeg) else self.image.nbytes
        return picture + self.depth_m.nbytes + (0 if self.confidence is None else self.confidence.nbytes)


def _shrunk(rgb: UInt8Image, factor: int) -> UInt8Image:
    if factor == 1:
        return rgb
    size = (-(-rgb.shape[1] // factor), -(-rgb.shape[0] // factor))  # rounded up, as a JPEG decoder does
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def clean_depth(depth_m: NDArray[Any]) -> DepthMap:
    """Return a float32 copy in which NaN, infinite, negative values and those above 65.535 m are 0, no reading."""
    depth = np.array(depth_m, dtype=np.float32)
    with np.errstate(invalid="ignore"):
        depth[~((depth > 0) & (depth <= MAX_DEPTH_M))] = 0
    return depth


def is_time(value: object) -> TypeGuard[int | float]:
    """Whether `value` is a number of seconds on a clock: finite, from 0 to MAX_TIME_S, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_TIME_S


def describe(array: NDArray[Any]) -> str:
    """Describe type and shape of an array for error messages: `float64 (256, 192, 1)`."""
    return f"{array.dtype} {array.shape}"


def _require(array: NDArray[Any], name: str, dtype: type, ndim: int) -> None:
    if array.dtype != dtype or array.ndim != ndim or 0 in array.shape:
        axes = "(h, w)" if ndim == 2 else "(H, W, 3)"
        raise ValueError(f"{name} must be {np.dtype(dtype)} {axes}. Received: {describe(array)}")
