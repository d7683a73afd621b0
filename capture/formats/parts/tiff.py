"""Read the header of a TIFF file without decoding it (TIFF 6.0, section 2)."""

from __future__ import annotations

import struct
from typing import NamedTuple

MAGICS = (b"II*\0", b"MM\0*")
MAX_ENTRIES = 1000
_UNSIGNED, _FLOAT = 1, 3  # sample formats
_WIDTH, _HEIGHT, _BITS, _SAMPLES, _FORMAT = 256, 257, 258, 277, 339
_VALUES = {1: "B", 3: "H", 4: "I"}  # types of the numbers wanted: byte, short, long


class TiffHeader(NamedTuple):
    """Size in pixels; bits and number of the samples of a pixel."""

    width: int
    height: int
    bits: int
    samples: int
    is_float: bool
    is_unsigned: bool


def tiff_header(data: bytes) -> TiffHeader | None:
    """Read the first picture's header; None if `data` is not a TIFF. Raises ValueError if it is damaged."""
    if data[:4] not in MAGICS:
        return None
    order = "<" if data.startswith(b"II") else ">"
    try:
        (directory,) = struct.unpack_from(f"{order}I", data, 4)
        (entries,) = struct.unpack_from(f"{order}H", data, directory)
        found = {}
        for i in range(min(entries, MAX_ENTRIES)):
            at = directory + 2 + 12 * i
            tag, kind, count = struct.unpack_from(f"{order}HHI", data, at)
            if kind in _VALUES and count == 1:
                found[tag] = int(struct.unpack_from(f"{order}{_VALUES[kind]}", data, at + 8)[0])
        format = found.get(_FORMAT, _UNSIGNED)
        return TiffHeader(
            *(found[_WIDTH], found[_HEIGHT], found.get(_BITS, 0), found.get(_SAMPLES, 1)),
            is_float=format == _FLOAT,
            is_unsigned=format == _UNSIGNED,
        )
    except (struct.error, KeyError):
        raise ValueError(f"is a damaged TIFF file. Received: {len(data)} bytes") from None
