"""Point clouds, read back by another package and compared with the demo room's own camera."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from plyfile import PlyData

from capture.errors import LidarliveError
from capture.formats.ply_writer import PlyWriter, encode_ply
from capture.frame import Intrinsics
from capture.room.render import RenderedView
from capture.storage.encoding import decode_png, encode
from tests.support.frames import make_frame

CAMERA = Intrinsics(
    50.0, 60.0, 20.0, 30.0
)  # of 48x64 pixels: neither square pixels nor a principal point in the middle


def read(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Points float32 (n, 3) and colours uint8 (n, 3) of a PLY file."""
    vertices = PlyData.read(BytesIO(data))["vertex"]
    points = np.stack([vertices[axis] for axis in "xyz"], axis=1)
    colours = np.stack([vertices[colour] for colour in ("red", "green", "blue")], axis=1)
    assert (points.dtype, colours.dtype) == (np.float32, np.uint8)
    return points, colours


def picture(width: int, height: int, cell: int) -> np.ndarray:
    """uint8 (height, width, 3) of cells each of a colour of its own."""
    cells = np.random.default_rng(4).integers(0, 256, (height // cell, width // cell, 3)).astype(np.uint8)
    return cells.repeat(cell, axis=0).repeat(cell, axis=1)


def test_the_header_states_units_and_axes():
    data = encode_ply(picture(48, 64, 2), np.ones((32, 24), np.float32), CAMERA)
    text = data[: data.index(b"end_header\n")].decode("ascii").splitlines()
    assert text[:4] == [
        "ply",
        "format binary_little_endian 1.0",
        "comment camera axes x right, y up, z towards the viewer (OpenGL's), in metres",
        f"element vertex {24 * 32}",
    ]
    assert PlyData.read(BytesIO(data)).byte_order == "<"


@pytest.mark.parametrize("cell", [1, 2, 4])
def test_a_point_lies_on_its_pixels_ray_and_has_its_colour(cell: int):
    """The picture is larger than the depth map, of its size, or smaller than it; the camera's numbers go with it."""
    depth = np.random.default_rng(1).uniform(0.3, 6, (64 // 2, 48 // 2)).astype(np.float32)
    rgb, size = picture(24 * cell, 32 * cell, cell), (24, 32)
    camera = CAMERA.resized((48, 64), (24 * cell, 32 * cell))
    points, colours = read(encode_ply(rgb, depth, camera))
    rays = RenderedView(np.eye(3), np.zeros(3), CAMERA.resized((48, 64), size), size).rays()
    np.testing.assert_allclose(points, (rays * depth[..., None]).reshape(-1, 3), rtol=1e-5, atol=1e-6)
    assert np.array_equal(colours, rgb[::cell, ::cell].reshape(-1, 3))


def test_up_is_up_and_ahead_is_negative():
    depth = np.zeros((32, 24), np.float32)
    depth[0, 12], depth[31, 12], depth[16, 23] = 2, 2, 2
    points, _ = read(encode_ply(picture(24, 32, 1), depth, Intrinsics(25.0, 25.0, 12.0, 16.0)))
    top, right, bottom = points
    assert top[1] > 1 > -1 > bottom[1]
    assert right[0] > 0.9
    assert (points[:, 2] == -2).all()


def test_pixels_without_reading_give_no_points():
    frame = make_frame(7)
    points, colours = read(encode_ply(frame.rgb, frame.depth_m, frame.intrinsics))
    assert len(points) == 24 * 32 - 1
    assert np.allclose(points[:, 2], -1.007)
    assert (colours == 7).all()


@settings(deadline=None)  # a slow machine is not a fault
@given(
    arrays(np.float32, (5, 4), elements=st.one_of(st.just(0.0), st.floats(0.125, 60, width=32))),
    st.floats(1, 2000),
    st.floats(-50, 50),
)
def test_every_reading_projects_back_into_its_own_pixel(depth: np.ndarray, focal: float, centre: float):
    camera = Intrinsics(focal, focal / 2, centre, -centre)
    points, _ = read(encode_ply(np.zeros((5, 4, 3), np.uint8), depth, camera))
    row, column = np.nonzero(depth)
    x, y, z = points.astype(np.float64).T
    assert np.array_equal(-z, depth[row, column])
    np.testing.assert_allclose(camera.fx * x / -z + camera.cx - 0.5, column, atol=1e-3)
    np.testing.assert_allclose(camera.cy - camera.fy * y / -z - 0.5, row, atol=1e-3)


def test_invalid_input_is_rejected():
    frame = make_frame(0)
    with pytest.raises(ValueError, match=r"needs the camera's focal length. Received: .*fx=0"):
        encode_ply(frame.rgb, frame.depth_m, replace(frame.intrinsics, fx=0.0, fy=0.0))
    with pytest.raises(ValueError, match=r"depth_m \(h, w\). Received: uint8 \(96, 72, 3\) and float32 \(32, 24, 1\)"):
        encode_ply(frame.rgb, frame.depth_m[..., None], frame.intrinsics)


def test_a_recorded_frame_becomes_a_file(tmp_path: Path):
    frame = encode(make_frame(7), None)
    PlyWriter(tmp_path / "x.ply").append(frame)
    points, _ = read((tmp_path / "x.ply").read_bytes())
    millimetres = decode_png(frame.depth_png, frame.depth_size, np.uint16)
    np.testing.assert_allclose(-points[:, 2], millimetres[millimetres > 0] / 1000, rtol=1e-6)
    with pytest.raises(LidarliveError, match="frame 7: a point cloud needs the camera's focal length"):
        PlyWriter(tmp_path / "y.ply").append(replace(frame, intrinsics=Intrinsics(0, 0, 0, 0)))
    assert not (tmp_path / "y.ply").exists()
