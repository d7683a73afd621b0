"""JPEG files as sent by the phone: check their markers without decoding, and decode pixels on demand.

Markers and frame header: ITU-T T.81 (1992), B.1.1.3 (table B.1) and B.2.2.
"""

from __future__ import annotations

import re
import struct
import threading
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8Image = NDArray[np.uint8]

_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0-SOF15 without DHT, JPG and DAC
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST0-RST7 have no length
_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan 0xFF is stuffed with 0, or restarts
_COLOURS = 3
_REDUCED_FLAGS = {
    1: cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@dataclass(frozen=True, eq=False)
class Jpeg:
    """An intact colour JPEG; `size` is (width, height), as stored. Create it from untrusted bytes by `Jpeg.checked`."""

    data: bytes
    size: tuple[int, int]
    _decoded: dict[int, UInt8Image] = field(default_factory=dict, repr=False)
    _decoding: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def checked(cls, data: bytes) -> Jpeg:
        """Check the markers of `data`. Raises ValueError if it is not an intact colour JPEG."""
        return cls(data, jpeg_size(data))

    def pixels_for(self, size: tuple[int, int]) -> UInt8Image:
        """Decode to uint8 (H, W, 3), red first, at the smallest scale that is not smaller than `size`; cached.

        Raises ValueError if it cannot be decoded.
        """
        with self._decoding:
            reduced = reduction(self.size, size)
            kept = next((pixels for factor, pixels in self._decoded.items() if factor <= reduced), None)
            if kept is None:
                kept = self._decoded[reduced] = decode_jpeg(self.data, reduced)
            return kept


def reduction(size: tuple[int, int], wanted: tuple[int, int]) -> int:
    """Return 1, 2, 4 or 8: the largest factor by which `size` can be reduced and still be at least `wanted`."""
    return max(f for f in _REDUCED_FLAGS if f == 1 or (size[0] >= f * wanted[0] and size[1] >= f * wanted[1]))


def decode_jpeg(data: bytes, reduced: int = 1) -> UInt8Image:
    """Decode to uint8 (H, W, 3), red first, as stored; `reduced` 2, 4 or 8: at that fraction of the size, much faster.

    Raises ValueError if it cannot be decoded.
    """
    try:
        flags = _REDUCED_FLAGS[reduced] | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # an empty buffer, or a picture larger than OpenCV's own limit
        image = None
    if image is None:
        raise ValueError(f"the JPEG cannot be decoded. Received: {len(data)} bytes")
    pixels: UInt8Image = image if reduced == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return pixels


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) of an intact colour JPEG, as stored: an EXIF orientation is not applied.

    Follows the markers to the end of the image; scans are not decoded, but checked for invalid markers. Raises
    ValueError if the markers do not lead to the end, or the picture is not in colour.
    """
    if not data.startswith(_START) or not data.endswith(_END):
        raise ValueError(f"not a whole JPEG. Received: {len(data)} bytes, {data[:2].hex()}...{data[-2:].hex()}")
    size: tuple[int, int] | None = None
    offset = len(_START)
    try:
        while True:
            prefix, marker = struct.unpack_from(">BB", data, offset)
            if prefix != 0xFF:
                raise ValueError(f"no JPEG marker at byte {offset}. Received: {prefix:02x}")
            if marker == _END_OF_IMAGE:
                break
            if marker == 0xFF:  # fill byte before a marker
                offset += 1
            elif marker in _STANDALONE:
                offset += 2
            else:
                if marker in _FRAME_HEADERS:
                    size = _size(data, offset)
                offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]
                if marker == _SCAN:
                    offset = _end_of_scan(data, offset)
    except struct.error:
        raise ValueError(f"a JPEG cut short. Received: {len(data)} bytes") from None
    if size is None:
        raise ValueError(f"a JPEG without a frame header. Received: {len(data)} bytes")
    if offset + len(_END) != len(data):
        raise ValueError(f"a JPEG must end where its data ends. Received: {offset} of {len(data)} bytes")
    return size


def announced_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) in the frame header of a JPEG, as stored; what follows that header is not checked.

    Raises ValueError if the markers do not lead to a frame header of a colour picture.
    """
    offset = len(_START)
    try:
        while data.startswith(_START):
            prefix, marker = struct.unpack_from(">BB", data, offset)
            if prefix != 0xFF or marker in (_SCAN, _END_OF_IMAGE):
                break
            if marker in _FRAME_HEADERS:
                return _size(data, offset)
            if marker == 0xFF:  # fill byte before a marker
                offset += 1
            elif marker in _STANDALONE:
                offset += 2
            else:
                offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]
    except struct.error:
        raise ValueError(f"a JPEG cut short. Received: {len(data)} bytes") from None
    raise ValueError(f"a JPEG without a frame header. Received: {len(data)} bytes, {data[:2].hex()}...")


def _size(data: bytes, offset: int) -> tuple[int, int]:
    height, width, colours = struct.unpack_from(">HHB", data, offset + 5)
    if colours != _COLOURS or not width or not height:
        raise ValueError(f"a JPEG must be in colour. Received: {width}x{height}, {colours} components")
    return width, height


def _end_of_scan(data: bytes, offset: int) -> int:
    """Return the offset of the first marker after the scan that begins at `offset`."""
    marker = _MARKER_AFTER_SCAN.search(data, offset)
    if marker is None:
        raise ValueError(f"a JPEG's scan does not end. Received: {len(data)} bytes")
    return marker.start()
