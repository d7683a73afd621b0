"""Decode one channel of an OpenEXR file, as Record3D exports its depth; OpenCV's packages are built without EXR.

openexr.com/en/latest/OpenEXRFileLayout.html: header attributes, a table of offsets, then chunks of lines. Files of one
part, in scan lines, uncompressed or with ZIP compression, are read; others are named as what they are. Every size comes
from an untrusted file and is checked before memory is taken.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap
from capture.storage.layout import MAX_SIDE

MAGIC = b"\x76\x2f\x31\x01"
_UNUSUAL_PARTS = 0x0200 | 0x0800 | 0x1000  # flags of the version field: tiles, deep data, several parts
_COMPRESSIONS = ("none", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB")
_CHUNK_LINES = {"none": 1, "ZIPS": 1, "ZIP": 16}
_TYPES: tuple[np.dtype[np.generic], ...] = (
    np.dtype("<u4"),
    np.dtype("<f2"),
    np.dtype("<f4"),
)  # by their number in a channel
_DEPTH_NAMES = ("Z", "depth", "R", "Y")  # channels that may hold depth, in this order
MAX_ATTRIBUTES, MAX_CHANNELS = 1000, 64


class _Header(NamedTuple):
    """`channels`: name and type of each, in the order of their values; `end`: where the table of offsets begins."""

    size: tuple[int, int]
    first_line: int
    compression: str
    channels: list[tuple[str, np.dtype[np.generic]]]
    end: int


def decode_exr(data: bytes) -> DepthMap:
    """Decode the depth of an EXR file to float32 (h, w), in the file's own unit.

    Raises ValueError if it is not an EXR file, is of another kind, or damaged.
    """
    try:
        header = _read_header(data)
        return _read_lines(data, header)
    except (struct.error, zlib.error, IndexError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError(f"is a damaged EXR file ({error})") from None


def _read_header(data: bytes) -> _Header:
    if not data.startswith(MAGIC):
        raise ValueError(f"must be an EXR file. Received: {data[:8].hex() or 'nothing'}")
    (version,) = struct.unpack_from("<I", data, 4)
    if version & _UNUSUAL_PARTS:
        raise ValueError("is an EXR file of tiles, of deep data or of several parts; only scan lines can be read")
    attributes, offset = {}, 8
    for _ in range(MAX_ATTRIBUTES):
        if data[offset] == 0:
            break
        name, offset = _text(data, offset)
        _, offset = _text(data, offset)
        (size,) = struct.unpack_from("<I", data, offset)
        attributes[name] = data[offset + 4 : offset + 4 + size]
        offset += 4 + size
    if missing := {"channels", "compression", "dataWindow"} - attributes.keys():
        raise ValueError(f"is a damaged EXR file (it has no {' and '.join(sorted(missing))})")
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    width, height = right - left + 1, bottom - top + 1
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError(f"must be 1 to {MAX_SIDE} pixels wide and high. Received: {width}x{height}")
    compression = _COMPRESSIONS[attributes["compression"][0]]
    if compression not in _CHUNK_LINES:
        raise ValueError(f"is an EXR file with {compression} compression; ZIP or none can be read")
    return _Header((width, height), top, compression, _channels(attributes["channels"]), offset + 1)


def _channels(data: bytes) -> list[tuple[str, np.dtype[np.generic]]]:
    channels: list[tuple[str, np.dtype[np.generic]]] = []
    offset = 0
    while data[offset] != 0 and len(channels) < MAX_CHANNELS:
        name, offset = _text(data, offset)
        kind, _, x, y = struct.unpack_from("<iIii", data, offset)
        if (x, y) != (1, 1):
            raise ValueError(f"is an EXR file whose channel {name!r:.20} has fewer values than pixels")
        channels.append((name, _TYPES[kind]))
        offset += 16
    return channels


def _read_lines(data: bytes, header: _Header) -> DepthMap:
    width, height = header.size
    names = [name for name, _ in header.channels]
    wanted = next((name for name in _DEPTH_NAMES if name in names), names[0] if len(names) == 1 else None)
    if wanted is None:
        raise ValueError(f"is an EXR file without a depth channel. Received: {', '.join(names)!r:.80}")
    starts = np.cumsum([0, *(kind.itemsize * width for _, kind in header.channels)]).tolist()  # bytes, in each line
    channel = names.index(wanted)
    kind, begin, end, line_bytes = header.channels[channel][1], starts[channel], starts[channel + 1], starts[-1]
    depth = np.zeros((height, width), np.float32)
    lines = _CHUNK_LINES[header.compression]
    for (chunk,) in struct.iter_unpack("<Q", data[header.end : header.end + 8 * -(-height // lines)]):
        first, size = struct.unpack_from("<iI", data, chunk)
        first -= header.first_line
        if not 0 <= first < height:
            raise ValueError("is a damaged EXR file (a line outside the picture)")
        count = min(lines, height - first)
        whole = _inflate(data[chunk + 8 : chunk + 8 + size], count * line_bytes)
        rows = whole.reshape(count, line_bytes)[:, begin:end]
        depth[first : first + count] = np.ascontiguousarray(rows).view(kind)
    return depth


def _inflate(packed: bytes, expected: int) -> NDArray[np.uint8]:
    """Undo ZIP: differences of bytes, the even ones first. Chunks that did not shrink are stored as they are."""
    if len(packed) == expected:
        return np.frombuffer(packed, np.uint8)
    differences = np.frombuffer(zlib.decompressobj().decompress(packed, expected + 1), np.uint8)
    if len(differences) != expected:
        raise ValueError(f"is a damaged EXR file (must inflate to {expected} bytes, received {len(differences)})")
    summed = np.cumsum(differences, dtype=np.uint8) - (np.arange(expected) * 128).astype(np.uint8)
    whole = np.empty(expected, np.uint8)
    half = (expected + 1) // 2
    whole[0::2], whole[1::2] = summed[:half], summed[half:]
    return whole


def _text(data: bytes, offset: int) -> tuple[str, int]:
    """Return the text that begins here and ends at a zero, and where the next value begins."""
    end = data.find(b"\0", offset, offset + 256)
    if end < 0:
        raise IndexError("a name does not end")
    return data[offset:end].decode(), end + 1
