"""What a JPEG says of itself, read from its markers without decoding it.

Markers and frame header: ITU-T T.81 (1992), B.1.1.3 (table B.1) and B.2.2.
"""

from __future__ import annotations

import struct

_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0-SOF15 without DHT, JPG and DAC
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RST0-RST7 have no length
_COLOURS = 3


def jpeg_size(data: bytes) -> tuple[int, int]:
    """(width, height) of a whole colour JPEG, as stored: an EXIF orientation is not applied.

    Raises ValueError where it does not begin and end as a JPEG does, has no frame header, or is not in colour.
    """
    if not data.startswith(_START) or not data.endswith(_END):
        raise ValueError(f"not a whole JPEG. Received: {len(data)} bytes, {data[:2].hex()}...{data[-2:].hex()}")
    offset = len(_START)
    try:
        while True:
            prefix, marker = struct.unpack_from(">BB", data, offset)
            if prefix != 0xFF:
                raise ValueError(f"no JPEG marker at byte {offset}. Received: {prefix:02x}")
            if marker == 0xFF:  # fill byte before a marker
                offset += 1
            elif marker in _STANDALONE:
                offset += 2
            elif marker in _FRAME_HEADERS:
                height, width, colours = struct.unpack_from(">HHB", data, offset + 5)
                break
            else:
                offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]
    except struct.error:
        raise ValueError(f"a JPEG without a frame header. Received: {len(data)} bytes") from None
    if colours != _COLOURS or not width or not height:
        raise ValueError(f"a JPEG must be in colour. Received: {width}x{height}, {colours} components")
    return width, height
