"""Clouds of frames whose depth, camera and colours are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.session.color_maps import DIMMED, DIVERGING, NO_READING, TURBO
from app.session.display_options import DisplayOptions
from app.session.orientation import Rotation
from app.session.point_cloud import MAX_POINTS, TINT, Colouring, PointCloud, camera_over, lidar_cloud, predicted_cloud
from capture.frame import Frame, Intrinsics
from capture.jpeg import Jpeg
from tests.support.frames import make_frame

CAMERA = Intrinsics(72.0, 36.0, 30.0, 50.0)  # of 72x96 pixels; a third of it over 24x32 readings
RED, GREEN = (200, 40, 40), (40, 180, 60)


def frame(size: tuple[int, int] = (24, 32), confidence: bool = True) -> Frame:
    """A wall at 2 m, red in its left half and green in its right one, with a hole in the upper left corner."""
    image = np.empty((96, 72, 3), np.uint8)
    image[:, :36], image[:, 36:] = RED, GREEN
    depth = np.full(size[::-1], 2.0, np.float32)
    depth[0, 0] = 0
    made = make_frame(0, depth_size=size, confidence=confidence)
    return replace(made, image=image, depth_m=depth, intrinsics=CAMERA)


def colouring(by: str, seen: Frame, predicted_m: np.ndarray | None = None, doubtful: str = "shown") -> Colouring:
    appearance = DisplayOptions(doubtful=doubtful)
    error_m = appearance.error_m(predicted_m, seen) if predicted_m is not None else None
    return Colouring(by, appearance, 1.0, 3.0, error_m, 0.5)


def rgb(cloud: PointCloud) -> np.ndarray:
    """0 to 255, (n, 3)."""
    assert (cloud.colours[:, 3] == 1).all()
    return cloud.colours[:, :3] * 255


def test_a_point_lies_where_its_pixel_sees() -> None:
    cloud = lidar_cloud(frame(), colouring("RGB", frame()))
    assert (cloud.points_m.dtype, cloud.colours.dtype) == (np.float32, np.float32)
    assert len(cloud.points_m) == len(cloud.colours) == 24 * 32 - 1, "and none in the hole"
    first, last = cloud.points_m[0], cloud.points_m[-1]  # pixels (row 0, column 1) and (31, 23)
    np.testing.assert_allclose(first, [(1.5 - 10) / 24 * 2, (50 / 3 - 0.5) / 12 * 2, -2], rtol=1e-5)
    np.testing.assert_allclose(last, [(23.5 - 10) / 24 * 2, (50 / 3 - 31.5) / 12 * 2, -2], rtol=1e-5)


def test_both_clouds_lie_on_each_other_whatever_their_sizes() -> None:
    """The same wall predicted at the size of a network twice as large."""
    seen = frame()
    predicted_m = np.full((64, 48), 2.0, np.float32)
    cloud = predicted_cloud(predicted_m, seen, colouring("RGB", seen))
    assert len(cloud.points_m) == 64 * 48
    lidar = lidar_cloud(replace(seen, depth_m=np.full((32, 24), 2.0, np.float32)), colouring("RGB", seen))
    four = cloud.points_m.reshape(32, 2, 24, 2, 3).mean(axis=(1, 3)).reshape(-1, 3)
    np.testing.assert_allclose(four, lidar.points_m, atol=1e-5)


@pytest.mark.parametrize("size", [(192, 256), (480, 640), (257, 513)])
def test_large_maps_are_thinned_and_stay_in_place(size: tuple[int, int]) -> None:
    seen = replace(frame(size), depth_m=np.full(size[::-1], 2.0, np.float32))
    cloud = lidar_cloud(seen, colouring("RGB", seen))
    assert MAX_POINTS / 3 < len(cloud.points_m) <= MAX_POINTS
    camera = CAMERA.resized((72, 96), size)
    left, right = -camera.cx / camera.fx * 2, (size[0] - camera.cx) / camera.fx * 2
    assert cloud.points_m[:, 0].mean() == pytest.approx((left + right) / 2, abs=0.02)
    is_left = cloud.points_m[:, 0] < (left + right) / 2 - 0.05
    assert (rgb(cloud)[is_left].round() == RED).all(), "and each has the colour of its own place"


def test_a_landscape_picture_without_a_focal_length_has_the_networks_own() -> None:
    unknown = Intrinsics(0.0, 0.0, 0.0, 0.0)
    portrait = replace(make_frame(0, (720, 960)), intrinsics=unknown)
    assert camera_over(portrait, (192, 256)) == Intrinsics(200.0, 200.0, 96.0, 128.0)
    landscape = replace(make_frame(0, (960, 720), (256, 192)), intrinsics=unknown)
    assert camera_over(landscape, (256, 192)) == Intrinsics(200.0, 200.0, 128.0, 96.0)
    assert camera_over(landscape, (512, 384)) == Intrinsics(400.0, 400.0, 256.0, 192.0)
    assert len(lidar_cloud(landscape, colouring("depth", landscape)).points_m) == 192 * 256 // 4


@pytest.mark.parametrize(
    "turn", [Rotation(), Rotation(1), Rotation(2), Rotation(3), Rotation(0, mirrored=True), Rotation(1, mirrored=True)]
)
def test_it_turns_with_the_pictures(turn: Rotation) -> None:
    """A point lies where its place in the picture is seen: to the right, to the top, in shares of the sight."""
    seen = make_frame(0, (72, 72), (24, 24))  # of a focal length of 72 pixels
    seen.depth_m[:] = 0
    seen.depth_m[3, 18] = 2
    (point,) = lidar_cloud(seen, colouring("depth", seen)).turned(turn).points_m
    x, y = turn.displayed(18.5 / 24, 3.5 / 24)
    np.testing.assert_allclose(point, [(x - 0.5) * 2, (0.5 - y) * 2, -2], atol=1e-6)


def test_the_prediction_is_tinted_in_the_colours_of_the_picture() -> None:
    seen = frame()
    lidar = rgb(lidar_cloud(seen, colouring("RGB", seen)))
    assert {tuple(colour) for colour in lidar.round().astype(int)} == {RED, GREEN}
    tinted = rgb(predicted_cloud(np.full((32, 24), 1.5, np.float32), seen, colouring("RGB", seen)))
    halves = {tuple((np.array(colour) + TINT) // 2) for colour in (RED, GREEN)}
    assert {tuple(colour) for colour in tinted.round().astype(int)} == halves


def test_depth_has_the_colours_of_the_pictures() -> None:
    seen = frame()
    shown = colouring("depth", seen)
    assert (rgb(lidar_cloud(seen, shown)).round() == TURBO[128]).all(), "2 m, in the middle of 1 to 3 m"
    predicted_m = np.full((32, 24), 4.0, np.float32)
    assert (rgb(predicted_cloud(predicted_m, seen, shown)).round() == TURBO[255]).all()


def test_the_error_has_the_colours_of_the_difference() -> None:
    seen, predicted_m = frame(), np.full((32, 24), 2.5, np.float32)
    predicted_m[16:] = 1.5
    shown = colouring("error", seen, predicted_m)
    lidar = rgb(lidar_cloud(seen, shown)).round()
    assert (lidar[: 16 * 24 - 1] == DIVERGING[255]).all()
    assert (lidar[16 * 24 - 1 :] == DIVERGING[1]).all()
    predicted = rgb(predicted_cloud(predicted_m, seen, shown)).round()
    assert tuple(predicted[0]) == NO_READING, "nothing to compare with in the hole"
    assert (predicted[1:] == lidar).all()
    larger = predicted_cloud(predicted_m.repeat(2, axis=0).repeat(2, axis=1), seen, shown)
    assert (rgb(larger).round()[-1] == DIVERGING[1]).all()
    assert (rgb(lidar_cloud(seen, colouring("error", seen))).round() == NO_READING).all(), "without a prediction"


def test_doubtful_readings_are_hidden_or_dimmed() -> None:
    confidence = np.full((32, 24), 2, np.uint8)
    confidence[:, 12:] = 0  # the green half
    seen = replace(frame(), confidence=confidence)
    predicted_m = np.full((32, 24), 2.5, np.float32)
    hidden = colouring("RGB", seen, predicted_m, "hidden")
    assert {tuple(colour) for colour in rgb(lidar_cloud(seen, hidden)).round().astype(int)} == {RED}
    error = rgb(predicted_cloud(predicted_m, seen, colouring("error", seen, predicted_m, "hidden"))).round()
    assert (error.reshape(32, 24, 3)[:, 12:] == NO_READING).all()
    assert (error.reshape(32, 24, 3)[1:, :12] == DIVERGING[255]).all()
    dim = rgb(lidar_cloud(seen, colouring("RGB", seen, doubtful="dimmed")))[-1]
    np.testing.assert_allclose(dim, DIMMED * np.array(GREEN) + (1 - DIMMED) * np.array(NO_READING), atol=1)
    depth = rgb(lidar_cloud(seen, colouring("depth", seen, doubtful="dimmed"))).round()
    assert tuple(depth[-1]) != tuple(depth[0])
    absent = replace(seen, confidence=None)
    assert len(lidar_cloud(absent, colouring("RGB", absent, doubtful="hidden")).points_m) == 24 * 32 - 1


def test_a_damaged_picture_is_said_and_not_needed_for_depth() -> None:
    seen = replace(frame(), image=Jpeg(b"no picture", (72, 96)))
    with pytest.raises(ValueError, match="JPEG"):
        lidar_cloud(seen, colouring("RGB", seen))
    assert len(lidar_cloud(seen, colouring("depth", seen)).points_m) == 24 * 32 - 1
