"""Convert a picture and its depth map, image files of a foreign data set, to the files of a recording.

Headers are checked before anything is decoded, so that a small file that states a huge size takes no memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.errors import LidarliveError
from capture.frame import Camera, Intrinsics, Pose
from capture.jpeg import Jpeg, UInt8Image, decode_jpeg
from capture.storage.encoding import (
    GREY,
    EncodedFrame,
    UInt16Image,
    encode_jpeg,
    encode_png,
    png_header,
    to_millimetres,
)
from capture.storage.layout import MAX_IMAGE_BYTES, MAX_SIDE, read_file

UNKNOWN_INTRINSICS = Intrinsics(0.0, 0.0, 0.0, 0.0)  # a focal length of 0 means unknown
NO_READING = 65535  # the value of 7-Scenes for no reading, and the maximum of any 16-bit map
_VALUES = 1 << 16  # of a 16-bit depth map
_JPEG_START = b"\xff\xd8"
_COLOURS = {GREY: "grey", 2: "colour", 3: "palette", 4: "grey with alpha", 6: "colour with alpha"}


class _Png(NamedTuple):
    """Required kind of a PNG (`title` for messages), and the flags with which OpenCV decodes it."""

    title: str
    bits: int
    colours: tuple[int, ...]
    flags: int


_PICTURE = _Png("an 8-bit colour PNG or a JPEG", 8, (2, 6), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
_DEPTH = _Png("a 16-bit grey PNG", 16, (GREY,), cv2.IMREAD_UNCHANGED)
_LEVELS = _Png("an 8-bit grey PNG", 8, (GREY,), cv2.IMREAD_UNCHANGED)


class ImageEncoder:
    """Encoder for the frames of one data set, with its `units_per_metre` of depth and its `intrinsics`."""

    def __init__(self, units_per_metre: float, intrinsics: Intrinsics | None) -> None:
        self._millimetres = depth_table(units_per_metre)
        self._intrinsics = intrinsics or UNKNOWN_INTRINSICS

    def encode(
        self, index: int, received_ns: int, jpeg: Jpeg, depth: Path, confidence: UInt8Image | None, pose: Pose
    ) -> EncodedFrame:
        """Encode a frame for a recording; `jpeg` is checked already.

        `confidence`: uint8 (h, w) of the depth's size, 0..2, or None.

        Raises LidarliveError, naming the file, if it cannot be read or the parts do not fit together.
        """
        millimetres = self._millimetres[_read_png(depth, _DEPTH)]
        depth_size = millimetres.shape[1], millimetres.shape[0]
        if not same_shape(jpeg.size, depth_size):
            raise LidarliveError(
                f"{depth}: must have the shape of its picture, {_by(jpeg.size)}. Received: {_by(depth_size)}"
            )
        if confidence is not None and confidence.shape != millimetres.shape:
            received = _by((confidence.shape[1], confidence.shape[0]))
            raise LidarliveError(f"{depth}: its confidence must have its size, {_by(depth_size)}. Received: {received}")
        return EncodedFrame(
            index=index,
            received_ns=received_ns,
            time_utc=None,
            jpeg=jpeg.data,
            rgb_size=jpeg.size,
            depth_png=encode_png(millimetres),
            depth_size=depth_size,
            confidence_png=None if confidence is None else encode_png(confidence),
            intrinsics=self._intrinsics,
            pose=pose,
            camera=Camera.LIDAR,
        )


def depth_table(units_per_metre: float) -> UInt16Image:
    """Return uint16 (65536,): millimetres for each value of a depth map; 0 for no reading or beyond 65.535 m."""
    table = to_millimetres((np.arange(_VALUES) / units_per_metre).astype(np.float32))
    table[NO_READING] = 0
    return table


def read_picture(path: Path) -> Jpeg:
    """Read a JPEG file unchanged, or a PNG encoded as JPEG at quality 95, without its alpha channel.

    Raises LidarliveError if it is neither, not 8-bit colour, damaged, or wider or higher than MAX_SIDE.
    """
    data = _read(path)
    try:
        if not data.startswith(_JPEG_START):
            return Jpeg.checked(encode_jpeg(_decode(data, _PICTURE)))
        jpeg = Jpeg.checked(data)
        _require_sides(jpeg.size)
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
        return _decode(_read(path), wanted)
    except ValueError as error:
        raise LidarliveError(f"{path}: {error}") from None


def _decode(data: bytes, wanted: _Png) -> NDArray[Any]:
    header = png_header(data)
    if header is None:
        raise ValueError(f"must be {wanted.title}. Received: {len(data)} bytes, {data[:8].hex() or 'nothing'}")
    width, height, bits, colour = header
    if bits != wanted.bits or colour not in wanted.colours:
        raise ValueError(f"must be {wanted.title}. Received: {bits} bits, {_COLOURS.get(colour, colour)}")
    _require_sides((width, height))
    try:
        image: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), wanted.flags)
    except cv2.error:
        image = None
    if image is None or image.shape[:2] != (height, width) or image.itemsize * 8 != bits:
        raise ValueError(f"is not an intact PNG. Received: {len(data)} bytes")
    return image


def _require_sides(size: tuple[int, int]) -> None:
    if not all(0 < side <= MAX_SIDE for side in size):
        raise ValueError(f"must be 1 to {MAX_SIDE} pixels wide and high. Received: {_by(size)}")


def _read(path: Path) -> bytes:
    try:
        return read_file(path, MAX_IMAGE_BYTES)
    except ValueError as error:
        raise LidarliveError(f"{path} {error}") from None


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
