"""LZFSE with the decompressed size checked first: `lzfse.decompress` itself has no limit.

A stream is a sequence of blocks, each a 4-byte magic, its decompressed size in bytes, and a payload; `bvx$` ends it.
Layout (little-endian) from Apple's reference implementation, github.com/lzfse/lzfse, src/lzfse_internal.h:

    bvx-  raw            u32 inflated bytes; as many bytes follow
    bvxn  LZVN           u32 inflated bytes, u32 payload bytes
    bvx1  LZFSE, plain   u32 inflated bytes, u32 payload bytes, u32 literals, u32 matches,
                         u32 literal payload, u32 L-M-D payload, then states and tables up to byte 772
    bvx2  LZFSE, packed  u32 inflated bytes, 3 x u64 of packed fields: bits 20-39 of the first are the literal payload,
                         bits 40-59 of the second the L-M-D payload, bits 0-31 of the third the size of the header
"""

from __future__ import annotations

import struct

import lzfse

_MAGIC_BYTES = 4
_SIZE = struct.Struct("<4xI")
_LZVN = struct.Struct("<4xII")
_PLAIN = struct.Struct("<4xI12xII")
_PACKED = struct.Struct("<4xIQQQ")
_PLAIN_HEADER_BYTES = 772
_20_BITS = (1 << 20) - 1


def inflated_size(data: bytes) -> int:
    """Return the decompressed size in bytes according to the block headers; bytes after `bvx$` are ignored.

    Raises ValueError if the headers do not lead to an end of stream within `data`.
    """
    total = offset = 0
    while True:
        magic = data[offset : offset + _MAGIC_BYTES]
        if magic == b"bvx$":
            return total
        if len(magic) < _MAGIC_BYTES:
            raise ValueError(f"LZFSE is cut short: no end of stream. Received: {len(data)} bytes")
        inflated, stored = _block(data, offset, magic)
        total += inflated
        offset += stored
        if offset > len(data):
            raise ValueError(f"LZFSE is cut short: a block ends at byte {offset}. Received: {len(data)} bytes")


def inflate(data: bytes, expected_bytes: int) -> bytes:
    """Decompress `data` to exactly `expected_bytes` bytes; a stream of another size is rejected before it takes memory.

    Raises ValueError if the size differs or the stream is corrupt.
    """
    size = inflated_size(data)
    if size != expected_bytes:
        raise ValueError(f"LZFSE must decompress to {expected_bytes} bytes. Received: {size}")
    try:
        inflated: bytes = lzfse.decompress(data)
    except (lzfse.error, MemoryError):  # MemoryError: the package's failure on payloads that grow without end
        raise ValueError(f"LZFSE is corrupt. Received: {len(data)} bytes that do not decompress") from None
    if len(inflated) != expected_bytes:
        raise ValueError(f"LZFSE must decompress to {expected_bytes} bytes. Received: {len(inflated)}")
    return inflated


def _block(data: bytes, offset: int, magic: bytes) -> tuple[int, int]:
    """Return (decompressed bytes, bytes in the stream) of the block at `offset`."""
    try:
        if magic == b"bvx2":
            inflated, first, second, third = _PACKED.unpack_from(data, offset)
            header = third & 0xFFFFFFFF
            if header < _PACKED.size:
                raise ValueError(f"LZFSE block header is too small at byte {offset}. Received: {header} bytes")
            return inflated, header + (first >> 20 & _20_BITS) + (second >> 40 & _20_BITS)
        if magic == b"bvx1":
            inflated, literals, matches = _PLAIN.unpack_from(data, offset)
            return inflated, _PLAIN_HEADER_BYTES + literals + matches
        if magic == b"bvxn":
            inflated, payload = _LZVN.unpack_from(data, offset)
            return inflated, _LZVN.size + payload
        if magic == b"bvx-":
            (inflated,) = _SIZE.unpack_from(data, offset)
            return inflated, _SIZE.size + inflated
    except struct.error:
        raise ValueError(f"LZFSE is cut short in a block header. Received: {len(data)} bytes") from None
    raise ValueError(f"not an LZFSE block at byte {offset}. Received: {magic!r}")
