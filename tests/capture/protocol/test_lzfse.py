"""The decompressed size that an LZFSE stream states, and rejecting streams of any other size."""

from __future__ import annotations

import struct

import lzfse
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.protocol.lzfse import inflate, inflated_size

NOISE = np.random.default_rng(1).integers(0, 256, 70_000, dtype=np.uint8).tobytes()
DEPTH = np.linspace(0.2, 5, 192 * 256, dtype=np.float32).tobytes()


@pytest.mark.parametrize(
    ("data", "magic"),
    [(b"abc", b"bvx-"), (bytes(300), b"bvxn"), (DEPTH, b"bvx2"), (NOISE, b"bvx-"), (NOISE[:5000] + DEPTH, b"bvx2")],
)
def test_every_kind_of_block(data: bytes, magic: bytes) -> None:
    packed = lzfse.compress(data)
    assert packed.startswith(magic)
    assert inflated_size(packed) == len(data)
    assert inflate(packed, len(data)) == data


def test_bvx1_by_its_layout() -> None:
    """No encoder writes bvx1; its payload sizes are at bytes 20 and 24, and its header has 772 bytes."""
    header = struct.pack("<4s6I", b"bvx1", 1000, 0, 0, 0, 30, 12).ljust(772, b"\0")
    assert inflated_size(header + bytes(42) + b"bvx$") == 1000
    with pytest.raises(ValueError, match="cut short"):
        inflated_size(header + bytes(40))


@given(st.binary(max_size=3000), st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_any_bytes_give_data_or_a_value_error(data: bytes, repeats: int) -> None:
    data *= repeats
    assert inflated_size(lzfse.compress(data)) == len(data)


def test_streams_of_many_blocks_and_trailing_bytes() -> None:
    many = b"".join(lzfse.compress(part)[:-4] for part in (DEPTH, NOISE, b"x" * 999)) + b"bvx$" + b"behind"
    assert inflated_size(many) == len(DEPTH) + len(NOISE) + 999


@pytest.mark.parametrize("keep", [0, 3, 4, 7, 20, 31, 100, -4, -1])
def test_cut_short(keep: int) -> None:
    with pytest.raises(ValueError, match="Received"):
        inflated_size(lzfse.compress(DEPTH)[:keep])


def test_another_size_is_rejected_before_decompressing() -> None:
    """A stream that claims 4 GiB in a few bytes: the size is refused, nothing is taken."""
    bomb = struct.pack("<4sII", b"bvxn", 0xFFFFFFFF, 4) + bytes(4) + b"bvx$"
    with pytest.raises(ValueError, match=r"must decompress to 10 bytes\. Received: 4294967295"):
        inflate(bomb, 10)


def test_a_header_that_is_too_small() -> None:
    block = struct.pack("<4sIQQQ", b"bvx2", 8, 0, 0, 0)
    with pytest.raises(ValueError, match="header is too small"):
        inflated_size(block * 3)


def test_corrupt_payload() -> None:
    packed = bytearray(lzfse.compress(DEPTH))
    packed[32:300] = bytes(268)
    for corrupt, size in [(bytes(packed), len(DEPTH)), (struct.pack("<4sII", b"bvxn", 3072, 1) + b"\0bvx$", 3072)]:
        assert inflated_size(corrupt) == size
        with pytest.raises(ValueError, match="corrupt"):
            inflate(corrupt, size)
