"""Read pictures and confidence maps of foreign data sets.

Headers are checked before anything is decoded, so that a small file that states a huge size takes no memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.frame import Intrinsics
from capture.jpeg import Jpeg, UInt8Image, decode_jpeg
from capture.storage.encoding import GREY, encode_jpeg, png_header
from capture.storage.layout import MAX_IMAGE_BYTES, MAX_SIDE, read_file

UNKNOWN_INTRINSICS = Intrinsics(0.0, 0.0, 0.0, 0.0)  # a focal length of 0 means unknown
NO_READING = 65535  # the value of 7-Scenes for no reading, and the maximum of any 16-bit map
_JPEG_START = b"\xff\xd8"
_COLOURS = {GREY: "grey", 2: "colour", 3: "palette", 4: "grey with alpha", 6: "colour with alpha"}


class _Png(NamedTuple):
    """Required kind of a PNG (`title` for messages), and the flags with which OpenCV decodes it."""

    title: str
    bits: int
    colours: tuple[int, ...]
    flags: int


_PICTURE = _Png("an 8-bit colour PNG or a JPEG", 8, (2, 6), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
DEPTH_PNG = _Png("a 16-bit grey PNG", 16, (GREY,), cv2.IMREAD_UNCHANGED)
_LEVELS = _Png("an 8-bit grey PNG", 8, (GREY,), cv2.IMREAD_UNCHANGED)


def read_picture(path: Path) -> Jpeg:
    """Read a JPEG file unchanged, or a PNG encoded as JPEG at quality 95, without its alpha channel.

    Raises LidarliveError if it is neither, not 8-bit colour, damaged, or wider or higher than MAX_SIDE.
    """
    data = read_image(path)
    try:
        if not data.startswith(_JPEG_START):
            return Jpeg.checked(encode_jpeg(decode_image(data, _PICTURE)))
        jpeg = Jpeg.checked(data)
        require_sides(jpeg.size)
        decode_jpeg(data, reduced=8)  # a decoder detects faults that the markers do not show
    except ValueError as error:
        raise LidarliveError(f"{path}: {error}") from None
    return jpeg


def read_levels(path: Path) -> UInt8Image:
    """Read an 8-bit grey PNG as uint8 (h, w). Raises LidarliveError."""
    return _read_png(path, _LEVELS)


def same_shape(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether one (width, height) is the other resized, within a pixel of the smaller one."""
    (w, h), (large_w, large_h) = sorted((a, b))
    return abs(h - w * large_h / large_w) <= 1 or abs(w - h * large_w / large_h) <= 1


def _read_png(path: Path, wanted: _Png) -> NDArray[Any]:
    try:
        return decode_image(read_image(path), wanted)
    except ValueError as error:
        raise LidarliveError(f"{path}: {error}") from None


def decode_image(data: bytes, wanted: _Png) -> NDArray[Any]:
    """Decode a PNG of the wanted kind. Raises ValueError if it is anything else, too large or damaged."""
    header = png_header(data)
    if header is None:
        raise ValueError(f"must be {wanted.title}. Received: {len(data)} bytes, {data[:8].hex() or 'nothing'}")
    width, height, bits, colour = header
    if bits != wanted.bits or colour not in wanted.colours:
        raise ValueError(f"must be {wanted.title}. Received: {bits} bits, {_COLOURS.get(colour, colour)}")
    require_sides((width, height))
    try:
        image: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), wanted.flags)
    except cv2.error:
        image = None
    if image is None or image.shape[:2] != (height, width) or image.itemsize * 8 != bits:
        raise ValueError(f"is not an intact PNG. Received: {len(data)} bytes")
    return image


def require_sides(size: tuple[int, int]) -> None:
    """Raise ValueError if a side is too long to be decoded."""
    if not all(0 < side <= MAX_SIDE for side in size):
        raise ValueError(f"must be 1 to {MAX_SIDE} pixels wide and high. Received: {by(size)}")


def read_image(path: Path) -> bytes:
    """Read the bytes of an image file. Raises LidarliveError, naming the file."""
    try:
        return read_file(path, MAX_IMAGE_BYTES)
    except ValueError as error:
        raise LidarliveError(f"{path} {error}") from None


def by(size: tuple[int, int]) -> str:
    """Return a size in words: `72x96`."""
    return f"{size[0]}x{size[1]}"
