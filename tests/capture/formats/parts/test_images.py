"""Foreign image files: whatever bytes they contain, they give a part of a frame or a clear error."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.formats.parts.depth_maps import DepthReader, depth_table
from capture.formats.parts.image_encoder import ImageEncoder
from capture.formats.parts.images import read_levels, read_picture, same_shape
from capture.frame import Pose
from capture.jpeg import decode_jpeg
from capture.storage.encoding import encode_jpeg
from tests.support.foreign import depth_map, jpeg, png, put
from tests.support.pictures import claiming, mutated

GREY = np.zeros((32, 24), np.uint8)
COLOUR = np.zeros((32, 24, 3), np.uint8)


def encoded(folder: Path, rgb: bytes, depth: bytes):
    put(folder, {"rgb": rgb, "depth": depth})
    encoder = ImageEncoder(DepthReader(None, 1000), None)
    return encoder.encode(0, 0, read_picture(folder / "rgb"), folder / "depth", None, Pose())


@pytest.mark.parametrize(
    ("units", "millimetres"),
    [
        (1000, {0: 0, 1: 1, 1234: 1234, 65534: 65534, 65535: 0}),
        (5000, {4: 1, 5000: 1000, 46419: 9284, 65535: 0}),
        (256, {128: 500, 16776: 65531, 16777: 0}),  # what lies beyond 65.535 m is no reading
        (1, {1: 1000, 65: 65000, 66: 0}),
    ],
)
def test_depth_in_any_unit(units: float, millimetres: dict[int, int]):
    table = depth_table(units)
    assert (table.dtype, table.shape) == (np.uint16, (65536,))
    assert {value: table[value] for value in millimetres} == millimetres


def test_a_png_is_encoded_as_the_live_stream_is_and_a_jpeg_copied(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 255, (96, 72, 3), np.uint8)
    data = jpeg(7)
    put(tmp_path, {"a.png": png(pixels[:, :, ::-1]), "b.png": data})  # what is in a file counts, not its name
    assert read_picture(tmp_path / "a.png").data == encode_jpeg(pixels)
    assert read_picture(tmp_path / "b.png").data == data


def test_alpha_is_ignored(tmp_path: Path):
    put(tmp_path, {"a.png": png(np.dstack([np.full((96, 72, 3), 90, np.uint8), np.zeros((96, 72), np.uint8)]))})
    assert abs(decode_jpeg(read_picture(tmp_path / "a.png").data).astype(int) - 90).max() <= 1


@pytest.mark.parametrize(
    ("rgb", "depth", "fault"),
    [
        (jpeg(0), png(GREY), "depth: must be a 16-bit grey PNG. Received: 8 bits, grey"),
        (jpeg(0), png(COLOUR), "depth: must be a 16-bit grey PNG. Received: 8 bits, colour"),
        (jpeg(0), png(COLOUR.astype(np.uint16)), "Received: 16 bits, colour"),
        (jpeg(0), jpeg(0), "depth: must be a 16-bit grey PNG. Received: [0-9]+ bytes, ffd8"),
        (jpeg(0), b"", "depth: must be a 16-bit grey PNG. Received: 0 bytes"),
        (jpeg(0), png(depth_map(1))[:-20], "depth: is not an intact PNG"),
        (jpeg(0), claiming(png(depth_map(1)), 60000, 60000), "1 to 8192 pixels wide and high. Received: 60000x60000"),
        (jpeg(0), png(depth_map(1, (32, 24))), "depth: must have the shape of its picture, 72x96. Received: 32x24"),
        (png(depth_map(1)), png(depth_map(1)), "rgb: must be an 8-bit colour PNG or a JPEG. Received: 16 bits, grey"),
        (png(GREY), png(depth_map(1)), "Received: 8 bits, grey"),
        (claiming(png(COLOUR), 8193, 1), png(depth_map(1)), "Received: 8193x1"),
        (claiming(png(COLOUR), 0, 1), png(depth_map(1)), "Received: 0x1"),
        (jpeg(0, (8200, 16)), png(depth_map(1)), "Received: 8200x16"),
        (jpeg(0)[:-50], png(depth_map(1)), "rgb: not a whole JPEG"),
        (bytes(cv2.imencode(".jpg", GREY)[1]), png(depth_map(1)), "rgb: a JPEG must be in colour"),
        (b"GIF89a", png(depth_map(1)), "rgb: must be an 8-bit colour PNG or a JPEG. Received: 6 bytes, 474946383961"),
    ],
)
def test_what_is_no_pair_is_told_in_one_line(rgb: bytes, depth: bytes, fault: str, tmp_path: Path):
    with pytest.raises(LidarliveError, match=fault) as raised:
        encoded(tmp_path, rgb, depth)
    assert str(raised.value).startswith(str(tmp_path))
    assert "\n" not in str(raised.value)


def test_what_is_no_file_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path, tmp_path / "loop", tmp_path / "nothing"):
        with pytest.raises(LidarliveError, match=str(path)):
            read_picture(path)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ((1440, 1920), (192, 256), True),
        ((640, 480), (640, 480), True),
        ((320, 240), (640, 480), True),
        ((1242, 375), (331, 100), True),  # 331.2 wide
        ((1920, 1440), (256, 192), True),
        ((1920, 1080), (256, 192), False),
        ((1440, 1920), (256, 192), False),
        ((640, 480), (640, 476), False),
    ],
)
def test_same_shape(a: tuple[int, int], b: tuple[int, int], same: bool):
    assert same_shape(a, b) == same_shape(b, a) == same


@settings(deadline=None)  # a slow machine is not a fault
@given(
    rgb=st.one_of(mutated(jpeg(5)), mutated(png(np.full((96, 72, 3), 9, np.uint8)))),
    depth=mutated(png(depth_map(1500))),
)
def test_any_bytes_are_a_frame_or_our_one_error(rgb: bytes, depth: bytes, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("bytes")
    try:
        frame = encoded(folder, rgb, depth)
    except LidarliveError:
        return
    assert decode_jpeg(frame.jpeg).shape == (*frame.rgb_size[::-1], 3)
    assert cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), -1).shape == frame.depth_size[::-1]


@settings(deadline=None)
@given(data=mutated(png(GREY)))
def test_any_bytes_are_levels_or_our_one_error(data: bytes, tmp_path_factory: pytest.TempPathFactory):
    path = put(tmp_path_factory.mktemp("bytes"), {"levels": data}) / "levels"
    try:
        levels = read_levels(path)
    except LidarliveError:
        return
    assert (levels.dtype, levels.ndim) == (np.uint8, 2)
