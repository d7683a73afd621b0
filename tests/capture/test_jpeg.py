"""JPEG files: checking their markers without decoding, and decoding on demand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.jpeg import Jpeg, announced_size, decode_jpeg, jpeg_size, reduction
from capture.storage.encoding import encode_jpeg

SIZE = (48, 80)


def picture() -> np.ndarray:
    """(80, 48, 3): left half red, right half blue, so that order and sides show."""
    rgb = np.zeros((80, 48, 3), np.uint8)
    rgb[:, :24, 0] = 200
    rgb[:, 24:, 2] = 200
    return rgb


@pytest.mark.parametrize(
    "flag", [cv2.IMWRITE_JPEG_PROGRESSIVE, cv2.IMWRITE_JPEG_OPTIMIZE, cv2.IMWRITE_JPEG_RST_INTERVAL]
)
def test_size_of_every_kind(flag: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    _, data = cv2.imencode(".jpg", noise, [flag, 1])
    assert jpeg_size(data.tobytes()) == (50, 30)


def test_the_announced_size_depends_on_nothing_after_the_frame_header() -> None:
    data = encode_jpeg(picture())
    scan = data.index(b"\xff\xda")
    assert {announced_size(part) for part in (data, data[:scan], data + b"x", data[:-2])} == {SIZE}


@given(st.binary(max_size=40), st.integers(0, 30))
def test_any_bytes_announce_a_size_or_raise_a_value_error(junk: bytes, at: int) -> None:
    for data in (junk, b"\xff\xd8" + junk, encode_jpeg(picture())[:at] + junk):
        try:
            width, height = announced_size(data)
        except ValueError:
            continue
        assert width > 0 < height


def test_damaged_jpegs_are_rejected() -> None:
    _, grey = cv2.imencode(".jpg", np.zeros((30, 50), np.uint8))
    whole = encode_jpeg(picture())
    middle = len(whole) - 40  # in the scan
    for data, message in [
        (grey.tobytes(), "in colour. Received: 50x30, 1 components"),
        (b"\xff\xd8\xff\xd9", "without a frame header"),
        (b"\xff\xd8\xff\xe0\xff\xff\xff\xd9", "cut short"),
        (b"\xff\xd8garbage\xff\xd9", "no JPEG marker at byte 2. Received: 67"),
        (b"", "not a whole JPEG. Received: 0 bytes"),
        (whole[:-2], "not a whole JPEG"),
        (whole + whole, "must end where its data ends"),
        (whole[:middle] + b"\xff\xd9" + whole[middle:], "must end where its data ends"),
        (whole[:middle] + b"\xff\xc0" + whole[middle:], "Received"),
    ]:
        with pytest.raises(ValueError, match=message):
            jpeg_size(data)


@given(st.binary(max_size=200), st.integers(0, 600))
def test_any_bytes_give_a_size_or_a_value_error(junk: bytes, at: int) -> None:
    whole = encode_jpeg(picture())
    try:
        width, height = jpeg_size(whole[:at] + junk + whole[at + len(junk) :])
    except ValueError:
        return
    assert width > 0 < height


@pytest.mark.parametrize(
    ("wanted", "factor"), [((48, 80), 1), ((25, 40), 1), ((24, 40), 2), ((12, 20), 4), ((1, 1), 8), ((900, 900), 1)]
)
def test_decodes_no_larger_than_needed(wanted: tuple[int, int], factor: int) -> None:
    assert reduction(SIZE, wanted) == factor
    pixels = Jpeg.checked(encode_jpeg(picture())).pixels_for(wanted)
    assert pixels.shape == (80 // factor, 48 // factor, 3)
    assert pixels[0, 0].tolist() == pytest.approx([200, 0, 0], abs=12)
    assert pixels[-1, -1].tolist() == pytest.approx([0, 0, 200], abs=12)


def test_decodes_once_for_all_callers() -> None:
    jpeg = Jpeg.checked(encode_jpeg(picture()))
    half = jpeg.pixels_for((20, 40))
    assert jpeg.pixels_for((24, 30)) is half
    whole = jpeg.pixels_for(SIZE)
    assert whole.shape == (80, 48, 3)
    assert jpeg.pixels_for((24, 40)) is half


def test_undecodable_jpegs_raise_an_error() -> None:
    for data in (b"", b"nothing of the kind"):
        with pytest.raises(ValueError, match=f"cannot be decoded. Received: {len(data)} bytes"):
            decode_jpeg(data)
