"""The orientation in a picture's EXIF data: removed without touching anything else."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import ExifTags, Image

from capture.formats.parts.exif import without_orientation
from tests.support.foreign import jpeg
from tests.support.pictures import exif, mutated

PIXELS = np.random.default_rng(2).integers(0, 255, (48, 64, 3), np.uint8)


def photo(orientation: int | None, big_endian: bool = False, **more: object) -> bytes:
    tags = exif(orientation, focal_35mm=24)
    tags[ExifTags.Base.Make] = "A maker of cameras with a long name"
    tags[ExifTags.Base.Software] = "1.0"
    if big_endian:
        tags.endian = ">"
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "JPEG", quality=95, exif=tags, **more)
    return file.getvalue()


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_readers_that_turn_pictures_and_others_agree(orientation: int, big_endian: bool):
    data = photo(orientation, big_endian)
    turned = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert turned.shape != stored.shape or (turned != stored).any()
    after = without_orientation(data)
    assert len(after) == len(data)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(after, np.uint8), cv2.IMREAD_COLOR), stored)
    tags = Image.open(io.BytesIO(after)).getexif()
    assert ExifTags.Base.Orientation not in tags
    assert tags[ExifTags.Base.Make] == "A maker of cameras with a long name"
    assert tags[ExifTags.Base.Software] == "1.0"
    assert tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] == 24
    assert without_orientation(after) is after


@pytest.mark.parametrize("data", [photo(None), photo(1), photo(9), jpeg(7), b"", b"\xff\xd8", b"no JPEG"])
def test_others_stay_the_very_same(data: bytes):
    assert without_orientation(data) is data


@settings(deadline=None, max_examples=300)
@given(data=mutated(photo(6)))
def test_any_bytes_keep_their_length_and_their_picture(data: bytes):
    after = without_orientation(data)
    assert len(after) == len(data)
    assert without_orientation(after) is after or after != data
    if data.startswith(b"\xff\xd8") and b"\xff\xda" in data:
        assert after[data.index(b"\xff\xda") :] == data[data.index(b"\xff\xda") :] or b"Exif" in data
