"""Damage inside a JPEG's scan, which OpenCV decodes silently."""

from __future__ import annotations

import numpy as np
import pytest

from capture.inspection.strict_jpeg import decode_strictly
from capture.jpeg import decode_jpeg
from capture.storage.encoding import encode_jpeg


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    return encode_jpeg(np.random.default_rng(0).integers(0, 256, (160, 120, 3), dtype=np.uint8))


def test_an_intact_jpeg_is_decoded_at_least_at_the_given_size(jpeg: bytes) -> None:
    assert decode_strictly(jpeg, (120, 160)).shape == (160, 120)
    assert decode_strictly(jpeg, (50, 70)).shape == (80, 60)
    assert decode_strictly(jpeg, (1000, 1000)).shape == (160, 120)


def test_a_gap_in_the_scan_is_detected(jpeg: bytes) -> None:
    middle = len(jpeg) // 2
    garbled = jpeg[:middle] + jpeg[middle + 400 :]
    assert decode_jpeg(garbled).shape == (160, 120, 3), "the markers are whole, and OpenCV minds nothing"
    with pytest.raises(ValueError, match="the JPEG is garbled"):
        decode_strictly(garbled, (10, 10))


def test_bytes_that_are_no_jpeg(jpeg: bytes) -> None:
    for data in (b"", b"x", jpeg[:100]):
        with pytest.raises(ValueError, match="the JPEG is garbled"):
            decode_strictly(data, (10, 10))
