"""Depth maps in every kind of file: whole numbers in the data set's unit, floats in metres."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.formats.parts.depth_maps import DepthReader
from tests.support.foreign import exr, png, put, tiff

METRES = np.array([[0, 0.5, 1.2344, 5], [np.nan, -1, np.inf, 70]], np.float32)
MILLIMETRES = [[0, 500, 1234, 5000], [0, 0, 0, 0]]
UNITS = np.array([[0, 2500, 6172, 65535]], np.uint16)


def read(folder: Path, data: bytes, scale: float | None = None) -> list[list[int]]:
    return DepthReader(scale, 5000).read(put(folder, {"depth": data}) / "depth").tolist()


@pytest.mark.parametrize("data", [tiff(METRES), exr(METRES), exr(METRES, 0)], ids=["TIFF", "EXR", "plain EXR"])
def test_floats_are_metres(data: bytes, tmp_path: Path):
    assert read(tmp_path, data) == MILLIMETRES
    assert DepthReader(None, 5000).units_per_metre(tmp_path / "depth") == 1


@pytest.mark.parametrize("data", [png(UNITS), tiff(UNITS)], ids=["PNG", "TIFF"])
def test_whole_numbers_have_the_unit_of_the_data_set(data: bytes, tmp_path: Path):
    assert read(tmp_path, data) == [[0, 500, 1234, 0]]
    assert DepthReader(None, 5000).units_per_metre(tmp_path / "depth") == 5000


@pytest.mark.parametrize("write", [tiff, exr])
def test_the_unit_of_the_user_is_for_every_kind(write, tmp_path: Path):
    assert read(tmp_path, write(METRES * 1000), 1000) == MILLIMETRES
    assert DepthReader(1000, 5000).units_per_metre(tmp_path / "depth") == 1000


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (tiff(np.zeros((2, 3), np.uint8)), "Received: a TIFF of 8 bits, whole numbers, 1 value a pixel"),
        (tiff(np.zeros((2, 3, 3), np.float32)), "3 values a pixel"),
        (tiff(METRES)[:60], "TIFF"),
        (tiff(METRES)[:8], "is a damaged TIFF file. Received: 8 bytes"),
        (exr(METRES)[:70], "is a damaged EXR file"),
        (b"numpy", "must be a 16-bit grey PNG. Received: 5 bytes"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, fault: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(LidarliveError, match=fault) as raised:
        read(tmp_path, data)
    assert str(raised.value).startswith(str(tmp_path / "depth"))
    assert capfd.readouterr().err == ""  # nothing of the decoder's own


def test_a_header_that_states_a_huge_size_is_not_decoded(tmp_path: Path):
    data = tiff(METRES)
    width = data.index(b"\x00\x01\x03\x00\x01\x00\x00\x00")  # tag 256, a short
    huge = data[: width + 8] + b"\xff\xff" + data[width + 10 :]
    with pytest.raises(LidarliveError, match=r"must be 1 to 8192 pixels wide and high. Received: 65535x2"):
        read(tmp_path, huge)


@settings(deadline=None)
@given(changes=st.lists(st.tuples(st.integers(4, 400), st.integers(0, 255)), max_size=4))
def test_any_tiff_gives_a_map_or_a_clear_error(
    changes: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
):
    data = bytearray(tiff(METRES))
    for at, value in changes:
        data[at % len(data)] = value
    path = put(tmp_path_factory.mktemp("tiff"), {"depth": bytes(data)}) / "depth"
    try:
        depth = DepthReader(None, 1000).read(path)
    except LidarliveError:
        return
    assert (depth.dtype, depth.ndim) == (np.uint16, 2)


def test_opencv_writes_what_is_read(tmp_path: Path):
    """With and without compression: 1 none, 5 LZW, 8 Deflate."""
    for compression in (1, 5, 8):
        data = bytes(cv2.imencode(".tiff", METRES, [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1])
        assert read(tmp_path, data) == MILLIMETRES
