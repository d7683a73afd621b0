"""Pictures of any camera: JPEG and PNG files as upright pixels, and the focal length that their EXIF tells.

Exif 2.3 (CIPA DC-008): tags 0112 (Orientation) and A405 (FocalLengthIn35mmFilm).
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from capture.errors import LidarliveError
from capture.frame import UInt8Image

DIAGONAL_35MM = math.hypot(36, 24)  # millimetres, 43.27
# Not ImageOps.exif_transpose: it also writes the EXIF again, which fails on a damaged one that tells which way is up.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded picture.

    rgb       uint8 (H, W, 3), red first, upright
    focal_px  focal length in its pixels as its EXIF has it; None where that says nothing
    """

    rgb: UInt8Image
    focal_px: float | None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.rgb.shape[1], self.rgb.shape[0]


def check_photo(path: Path) -> None:
    """Read the header of a picture and nothing more.

    Raises LidarliveError where it is missing, no JPEG or PNG, or has so many pixels that Pillow takes it for a bomb.
    """
    with _opened(path):
        pass


def read_photo(path: Path) -> Photo:
    """The picture as a viewer shows it: upright, 8 bits a colour; grey becomes RGB, transparency is ignored.

    Raises LidarliveError as `check_photo` does, and where the picture is damaged or cut short.
    """
    with _opened(path) as image:
        try:
            image.load()
        except Exception as error:  # on damage Pillow raises OSError, SyntaxError, ValueError, struct.error and others
            raise LidarliveError(f"{path} is damaged ({error}); get it again from where it came from") from None
        orientation, focal_35mm = _exif(image)
        if image.mode == "I;16":  # 16-bit grey, which Pillow would clip instead of scale
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        if orientation in _UPRIGHT:
            image = image.transpose(_UPRIGHT[orientation])
        rgb = np.array(image.convert("RGB"), dtype=np.uint8)
    return Photo(rgb, None if focal_35mm is None else focal_px(focal_35mm, (rgb.shape[1], rgb.shape[0])))


def focal_px(focal_35mm: float, size: tuple[int, int]) -> float:
    """The 35 mm-equivalent focal length, in millimetres, in pixels of a picture of `size` (width, height).

    It is that of the lens which, over a 36x24 mm film, sees the same angle from corner to corner (CIPA DCG-001, 2005),
    so it is to the film's diagonal as the one in pixels is to the picture's. It is the picture's, not the lens's: a
    digital zoom is already in it. A picture cropped after it was taken keeps a tag that is no longer true.
    """
    return focal_35mm / DIAGONAL_35MM * math.hypot(*size)


def _exif(image: Image.Image) -> tuple[int, float | None]:
    """Orientation (1 is upright) and 35 mm-equivalent focal length in millimetres; 1 and None where EXIF lacks them."""
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation)
        focal_35mm = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm)
    except Exception:  # as many kinds as above; a viewer shows such a picture as it lies
        return 1, None
    return (
        orientation if isinstance(orientation, int) else 1,
        float(focal_35mm) if isinstance(focal_35mm, int) and focal_35mm > 0 else None,  # a SHORT, 0 = unknown
    )


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture with only its header read; what Pillow warns of stays quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities in EXIF, of which a viewer says nothing either
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = _open(path)
        with image:
            yield image


def _open(path: Path) -> Image.Image:
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited for
        raise LidarliveError(f"{path} is a folder or a device; name the JPEG or PNG files themselves")
    try:
        return Image.open(path, formats=("JPEG", "PNG"))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise LidarliveError(
            f"{path} has more than {Image.MAX_IMAGE_PIXELS} pixels, the most that are taken; make it smaller first"
        ) from None
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise LidarliveError(
                f"{path} cannot be read ({error.strerror}); check its name and who may read it"
            ) from None
        raise LidarliveError(f"{path} is no JPEG or PNG picture; save it as one first (an iPhone's HEIC too)") from None
