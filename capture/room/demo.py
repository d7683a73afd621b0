"""The demo room as a camera: the frames that an iPhone with LiDAR would send from a walk through it."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from capture.frame import Camera, DepthMap, Frame, Intrinsics
from capture.jpeg import UInt8Image
from capture.room.lidar import measure
from capture.room.render import Rasteriser, RenderedView
from capture.room.scene import SHELL_SURFACES, build_scene
from capture.room.walk import Walk

VERSION = 1  # increase it with every change of the frames: rendered loops are cached under it

RGB_SIZE = (720, 960)  # as Record3D sends in portrait, (width, height)
DEPTH_SIZE = (192, 256)
VIGNETTE = 0.16  # how much darker the corners are


class DemoRoom:
    """A walk of `frames` frames at `fps` through a furnished room; the first frame follows the last.

    Every seed gives another room: sizes, furniture, colours, light and walk, all deterministic. Creating one takes
    about a second; the light is computed with the first colour image (a few seconds). An instance has no state between
    frames, so that several processes can each create their own and render parts of the loop.

    `reverse`: a second walk through the same room, which shares no picture with the first.
    """

    frames = 240
    fps = 30.0

    def __init__(self, seed: int = 0, reverse: bool = False) -> None:
        self.seed = seed
        self._noise = 4 if reverse else 3  # of sensor and LiDAR
        self._scene = build_scene(seed)
        furniture = self._scene.surfaces[SHELL_SURFACES:]
        self._walk = Walk(self._scene.size_m, furniture, self.frames, np.random.default_rng([seed, 2]), reverse)
        self._glass = np.array([s.glass for s in self._scene.surfaces])
        self._normals = np.stack([s.normal for s in self._scene.surfaces])
        self._unlit = Rasteriser(self._scene.surfaces)

    def render(self, i: int, rgb_size: tuple[int, int] = RGB_SIZE, depth_size: tuple[int, int] = DEPTH_SIZE) -> Frame:
        """Render frame `i` of the endless walk, sizes (width, height); `received_ns` counts from 0 at `fps`."""
        rng = np.random.default_rng([self.seed, self._noise, i])
        view = self._view(i, rgb_size)
        rgb = self._lit.colour(view)
        depth_m, confidence = self._measure(view.resized(depth_size), rgb, rng)
        return Frame(
            index=i,
            received_ns=round(i / self.fps * 1e9),
            image=_simulate_sensor(rgb, rng),
            depth_m=depth_m,
            confidence=confidence,
            intrinsics=view.intrinsics,
            pose=self._walk.pose(i),
            camera=Camera.LIDAR,
        )

    @cached_property
    def _lit(self) -> Rasteriser:
        return Rasteriser(self._scene.lit())

    def _view(self, i: int, size: tuple[int, int]) -> RenderedView:
        """Return the camera at frame `i`; focusing varies the focal length by 0.1 %, stabilisation moves the centre."""
        turn = 2 * np.pi * i / self.frames
        focal = 727.0 + 0.7 * np.sin(2 * turn + 1.0)
        camera = Intrinsics(focal, focal, 362.0 + 0.4 * np.sin(3 * turn), 480.0 + 0.4 * np.cos(2 * turn))
        i %= self.frames
        return RenderedView(self._walk.rotations[i], self._walk.positions_m[i], camera.resized(RGB_SIZE, size), size)

    def _measure(self, view: RenderedView, rgb: UInt8Image, rng: np.random.Generator) -> tuple[DepthMap, UInt8Image]:
        inverse_depth, seen = self._unlit.depth(view)
        rays = view.rays()
        range_ratio = np.linalg.norm(rays, axis=2).astype(np.float32)
        facing = np.einsum("hwk,hwk->hw", rays, (self._normals @ view.rotation).astype(np.float32)[seen])
        grey = cv2.cvtColor(cv2.resize(rgb, view.size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        brightness = (grey.astype(np.float32) / 255) ** 2.2
        return measure(inverse_depth, range_ratio, np.abs(facing) / range_ratio, brightness, self._glass[seen], rng)


def _simulate_sensor(rgb: UInt8Image, rng: np.random.Generator) -> UInt8Image:
    """Simulate the image sensor: darker corners, and noise of standard deviation 1.6 (of 255)."""
    h, w = rgb.shape[:2]
    x, y = (np.linspace(-1, 1, n, dtype=np.float32) ** 2 / 2 for n in (w, h))
    darker = cv2.merge([1 - VIGNETTE * (x + y[:, None])] * 3)
    random = np.frombuffer(rng.bytes(rgb.size), dtype=np.uint8).reshape(rgb.shape)
    grain = (random & 3) + (random >> 2 & 3)  # two even draws of 0..3: mean 3, variance 2.5
    noisy = cv2.add(cv2.multiply(rgb, darker, dtype=cv2.CV_8U), grain)
    return np.asarray(cv2.subtract(noisy, (3.0, 3.0, 3.0, 0.0)), dtype=np.uint8)
