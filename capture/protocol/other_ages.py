"""Recognise frames of apps of another age, whose headers the app of today no longer sends.

Record3D 1.7 to 1.9, as the package `record3d` 1.3.1 reads it (src/Record3DStream.cpp): 7 x u32 (RGB width and height,
depth width and height, JPEG bytes, depth bytes, device type), 4 + 7 x f32, JPEG, LZFSE of float32 depth. Neither
confidence nor misc.
"""

from __future__ import annotations

import struct

OLD_HEADER = struct.Struct("<7I11f")
_JPEG_START = b"\xff\xd8"


def is_of_old_app(body: bytes | memoryview) -> bool:
    """Whether a body is a frame of Record3D 1.7 to 1.9: its sizes add up and its JPEG begins where it should."""
    if len(body) < OLD_HEADER.size:
        return False
    jpeg_bytes, depth_bytes = OLD_HEADER.unpack_from(body)[4:6]
    adds_up = OLD_HEADER.size + jpeg_bytes + depth_bytes == len(body)
    return adds_up and bytes(body[OLD_HEADER.size : OLD_HEADER.size + len(_JPEG_START)]) == _JPEG_START
