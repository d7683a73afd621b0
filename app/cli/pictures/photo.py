"""Read JPEG and PNG files of any camera as upright pixels, with the focal length from their EXIF.

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
from capture.jpeg import UInt8Image

DIAGONAL_35MM = math.hypot(36, 24)  # millimetres, 43.27
# Not ImageOps.exif_transpose: it also rewrites the EXIF, and fails on a damaged one whose orientation is readable.
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
    focal_px  focal length in its pixels, from EXIF; None if unknown
    """

    rgb: UInt8Image
    focal_px: float | None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        return self.rgb.shape[1], self.rgb.shape[0]


def check_photo(path: Path) -> None:
    """Read only the header of a picture.

    Raises LidarliveError if it is missing, no JPEG or PNG, or has more pixels than Pillow's limit for bombs.
    """
    with _opened(path):
        pass


def read_photo(path: Path) -> Photo:
    """Decode a picture as a viewer shows it: upright, 8 bits per colour; grey becomes RGB, transparency is ignored.

    Raises LidarliveError as `check_photo` does, and if the picture is damaged or truncated.
    """
    with _opened(path) as image:
        try:
            image.load()
        except Exception as error:  # on damage Pillow raises OSError, SyntaxError, ValueError, struct.error and others
            raise LidarliveError(f"{path} is damaged ({error}); copy it again from its source") from None
        orientation, focal_35mm = _exif(image)
        if image.mode == "I;16":  # 16-bit grey, which Pillow would clip instead of scale
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        if orientation in _UPRIGHT:
            image = image.transpose(_UPRIGHT[orientation])
        rgb = np.array(image.convert("RGB"), dtype=np.uint8)
    return Photo(rgb, None if focal_35mm is None else focal_px(focal_35mm, (rgb.shape[1], rgb.shape[0])))


def focal_px(focal_35mm: float, size: tuple[int, int]) -> float:
    """Convert a 35 mm-equivalent focal length in millimetres to pixels of a picture of `size` (width, height).

    The equivalent lens has the same diagonal angle of view on a 36x24 mm film (CIPA DCG-001, 2005), so the focal length
    scales with the diagonals. It includes digital zoom. A picture cropped afterwards keeps a tag that is wrong.
    """
    return focal_35mm / DIAGONAL_35MM * math.hypot(*size)


def _exif(image: Image.Image) -> tuple[int, float | None]:
    """Return orientation (1: upright) and 35 mm-equivalent focal length in mm; 1 and None if EXIF lacks them."""
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation)
        focal_35mm = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm)
    except Exception:  # as many kinds as above; viewers ignore such EXIF as well
        return 1, None
    return (
        orientation if isinstance(orientation, int) else 1,
        float(focal_35mm) if isinstance(focal_35mm, int) and focal_35mm > 0 else None,  # a SHORT, 0 = unknown
    )


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture, read only its header, and suppress Pillow's warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities in EXIF, which viewers ignore as well
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = _open(path)
        with image:
            yield image


def _open(path: Path) -> Image.Image:
    if os.path.exists(path) and not os.path.isfile(path):  # opening a pipe would block
        raise LidarliveError(f"{path} is a folder or a device; name the JPEG or PNG files themselves")
    try:
        return Image.open(path, formats=("JPEG", "PNG"))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise LidarliveError(
            f"{path} has more than {Image.MAX_IMAGE_PIXELS} pixels, the maximum; make it smaller first"
        ) from None
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise LidarliveError(
                f"{path} cannot be read ({error.strerror}); check its name and its permissions"
            ) from None
        raise LidarliveError(f"{path} is no JPEG or PNG picture; convert it first (also an iPhone's HEIC)") from None
