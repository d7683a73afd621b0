"""Remove the orientation from a JPEG's EXIF data, without touching a pixel.

EXIF 2.32 (CIPA DC-008), 4.5.4 and 4.6.4 A: an APP1 segment holds a TIFF file, whose first directory may have an entry
that asks readers to turn the picture. A depth map beside it has no such entry, and only some readers obey.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_START = b"\xff\xd8"
_APP1, _SCAN = 0xE1, 0xDA
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112
_ENTRY_BYTES = 12
_TURNS = range(2, 9)  # 1 is "as stored"; readers ignore other values
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def without_orientation(jpeg: bytes) -> bytes:
    """Return the JPEG without the entry that turns or mirrors it; the very same bytes if there is none.

    All other entries, the length and the position of every segment stay. Damaged EXIF data is left as it is.
    """
    changed: bytearray | None = None
    for start, end in _exif_data(jpeg):
        order = _BYTE_ORDERS.get(jpeg[start : start + 4])
        entry = None if order is None else _find_orientation(jpeg[start:end], order)
        if order is not None and entry is not None:
            changed = changed if changed is not None else bytearray(jpeg)
            _remove(changed, start, order, *entry)
    return jpeg if changed is None else bytes(changed)


def _exif_data(jpeg: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the TIFF files in the segments before the first scan begin and end."""
    if not jpeg.startswith(_START):
        return
    offset = len(_START)
    while offset + 4 <= len(jpeg):
        prefix, marker, length = struct.unpack_from(">BBH", jpeg, offset)
        if prefix != 0xFF or marker == _SCAN or length < 2:
            return
        if marker == 0xFF:  # fill byte before a marker
            offset += 1
            continue
        end = offset + 2 + length
        if marker == _APP1 and jpeg[offset + 4 : offset + 10] == _EXIF and end <= len(jpeg):
            yield offset + 10, end
        offset = end


def _find_orientation(tiff: bytes, order: str) -> tuple[int, int, int] | None:
    """Return the offset of the first directory, its number of entries, and which of them turns the picture."""
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    except struct.error:  # the data ends before them
        return None
    if directory + 2 + count * _ENTRY_BYTES + 4 > len(tiff):
        return None
    for i in range(count):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, directory + 2 + i * _ENTRY_BYTES)
        if tag == _ORIENTATION:
            return (directory, count, i) if value in _TURNS else None
    return None


def _remove(jpeg: bytearray, tiff: int, order: str, directory: int, count: int, i: int) -> None:
    """Move what follows the entry, up to the offset of the next directory, to its place; values elsewhere stay."""
    start = tiff + directory + 2 + i * _ENTRY_BYTES
    end = tiff + directory + 2 + count * _ENTRY_BYTES + 4
    jpeg[start:end] = jpeg[start + _ENTRY_BYTES : end] + bytes(_ENTRY_BYTES)
    struct.pack_into(f"{order}H", jpeg, tiff + directory, count - 1)
