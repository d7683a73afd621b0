"""Augment training pictures: another window, a tilted phone, a mirror image, another light.

The geometry stays consistent. A window of 1/s of the picture, resized to the whole, equals a picture through a lens of
s times the focal length. Rotating the phone about its optical axis rotates the picture about the principal point and
keeps every z-depth; rotating about another point shifts the picture as well, like another window. A mirrored room is a
room. So depth values never change, only their positions: each pixel has one reading of the recording, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.jpeg import UInt8Image, decode_jpeg
from model.data import targets

ROLL_DEG = 3.0  # tilt of a phone that is held upright by hand
FLAWED = 0.2  # share of the pictures that also become grey, soft, noisy or coarse

Size = tuple[int, int]  # (width, height)
Shares = tuple[float, float]  # of a picture's width and height


@dataclass(frozen=True)
class AugmentedView:
    """A window of a picture: centre and sides as shares of the picture's, rotated about its centre, mirrored."""

    middle: Shares = (0.5, 0.5)
    sides: Shares = (1.0, 1.0)
    roll_deg: float = 0.0  # clockwise, of the window; its content rotates the other way
    mirrored: bool = False

    @classmethod
    def drawn(cls, rng: np.random.Generator, picture: Size, sides: Shares, zoom: float) -> AugmentedView:
        """A window of `sides` or up to `zoom` times smaller, rolled and mirrored at random, anywhere in the picture.

        It lies wholly within the picture: it is made smaller where the zoom alone does not ensure that.
        """
        roll_deg = rng.uniform(-ROLL_DEG, ROLL_DEG)
        sine, cosine = np.sin(np.radians(abs(roll_deg))), np.cos(np.radians(roll_deg))
        (width, height), across, down = picture, sides[0] * picture[0], sides[1] * picture[1]
        box = np.array([(across * cosine + down * sine) / width, (across * sine + down * cosine) / height])
        scale = min(1 / rng.uniform(1, zoom), *(1 / box))
        middle = scale * box / 2 + rng.random(2) * (1 - scale * box)
        return cls(_pair(middle), _pair(scale * np.array(sides)), roll_deg, bool(rng.random() < 0.5))

    def rgb(self, rgb: UInt8Image, picture: Size, size: Size) -> UInt8Image:
        """uint8 (h, w, 3), interpolated. `rgb` is the whole picture at any size; `picture` its size as recorded."""
        if self == AugmentedView():
            return targets.resize_rgb(rgb, size)
        return np.asarray(self._warped(rgb, picture, size, cv2.INTER_LINEAR), dtype=np.uint8)

    def nearest(self, image: NDArray[Any], picture: Size, size: Size) -> NDArray[Any]:
        """(h, w) of the same type: depth or confidence, each pixel the nearest of `image`, none blended."""
        if self == AugmentedView():
            return targets.resize_nearest(image, size)
        return self._warped(image, picture, size, cv2.INTER_NEAREST)

    def matrix(self, picture: Size, old: Size, new: Size) -> NDArray[np.float64]:
        """(2, 3): from (x, y) in the window at size `new` to (x, y) in the whole picture at size `old`, in pixels.

        Centres of pixels are whole numbers. The window is rotated in the recorded picture, whose pixels are square.
        """
        sine, cosine = np.sin(np.radians(self.roll_deg)), np.cos(np.radians(self.roll_deg))
        recorded = np.array(picture, dtype=float)
        to_recorded = np.diag(np.array(self.sides) * recorded / new)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        linear = np.diag(old / recorded) @ turn @ to_recorded
        offset = np.array(self.middle) * old - 0.5 - linear @ ((np.array(new) - 1) / 2)
        return np.column_stack([linear, offset])

    def _warped(self, image: NDArray[Any], picture: Size, size: Size, interpolation: int) -> NDArray[Any]:
        matrix = self.matrix(picture, (image.shape[1], image.shape[0]), size)
        flags = interpolation | cv2.WARP_INVERSE_MAP
        # Nothing outside the picture is used; the border only serves pixels whose centre is rounded to just outside.
        seen = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.flip(seen, 1) if self.mirrored else seen)


def recoloured(rgb: UInt8Image, rng: np.random.Generator) -> UInt8Image:
    """uint8 (h, w, 3) in another light: exposure, white balance and gamma; sometimes grey, soft, noisy or coarse."""
    gains = rng.uniform(0.75, 1.25) * rng.uniform(0.9, 1.1, size=3)
    levels = np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.8, 1.25) * gains
    table = np.clip(255 * levels, 0, 255).astype(np.uint8)
    lit = np.asarray(cv2.LUT(rgb, table[None]), dtype=np.uint8)
    if rng.random() >= FLAWED:
        return lit
    flaw = (_grey, _soft, _noisy, _coarse)[rng.integers(4)]
    return np.asarray(flaw(lit, rng), dtype=np.uint8)


def _grey(rgb: UInt8Image, rng: np.random.Generator) -> NDArray[Any]:
    """Remove the colour, so that the networks do not rely on it: lamps of other rooms have other colours."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def _soft(rgb: UInt8Image, rng: np.random.Generator) -> NDArray[Any]:
    """Blur, as out of focus or moved."""
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.3, 1.0)))


def _noisy(rgb: UInt8Image, rng: np.random.Generator) -> NDArray[Any]:
    """Add noise, as in the dark."""
    noise = rng.standard_normal(rgb.shape, dtype=np.float32) * np.float32(rng.uniform(2, 8))
    return np.clip(rgb + noise, 0, 255)


def _coarse(rgb: UInt8Image, rng: np.random.Generator) -> NDArray[Any]:
    """Compress hard."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 70))]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality)
    return decode_jpeg(data.tobytes())


def _pair(values: NDArray[Any]) -> Shares:
    return float(values[0]), float(values[1])
