"""A frame, reduced to what the estimator needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from capture.frame import Intrinsics, Pose
from model.motion.view import MotionView, has_motion, opencv_pose
from tests.support.frames import make_frame
from tests.support.textured_plane import plane_view

POSE = Pose((0.1, -0.2, 0.3, 0.9), (1.0, 2.0, 3.0))
PREDICTED = np.full((256, 192), 2.0, np.float32)


def test_a_frame_is_reduced_with_its_intrinsics() -> None:
    frame = replace(make_frame(7, rgb_size=(720, 960)), pose=POSE, intrinsics=Intrinsics(700.0, 710.0, 360.0, 480.0))
    view = MotionView.of_frame(frame, PREDICTED)
    assert view is not None
    assert view.gray.shape == (480, 360)
    assert view.gray.dtype == np.uint8
    assert view.intrinsics == Intrinsics(350.0, 355.0, 180.0, 240.0)
    assert view.seconds == frame.received_ns / 1e9
    assert np.allclose(view.position_m, (1, 2, 3))


@pytest.mark.parametrize(
    ("pose", "intrinsics"),
    [
        (Pose(), Intrinsics(700.0, 700.0, 360.0, 480.0)),
        (POSE, Intrinsics(0.0, 0.0, 0.0, 0.0)),
        (Pose((0.0, 0.0, 0.0, 0.0)), Intrinsics(700.0, 700.0, 360.0, 480.0)),
        (Pose((0.0, 0.0, 0.0, 1.0), (float("nan"), 0.0, 0.0)), Intrinsics(700.0, 700.0, 360.0, 480.0)),
    ],
)
def test_without_pose_or_intrinsics_there_is_no_view(pose: Pose, intrinsics: Intrinsics) -> None:
    assert not has_motion(pose, intrinsics)
    assert MotionView.of_frame(replace(make_frame(0), pose=pose, intrinsics=intrinsics), PREDICTED) is None


def test_axes_are_opencv_s() -> None:
    """An upright phone that turned nothing looks along -z of its world, with y up."""
    rotation, _ = opencv_pose(Pose((0.0, 0.0, 0.0, 2.0), (0.0, 1.0, 0.0)))
    assert np.allclose(rotation @ (0, 0, 1), (0, 0, -1))  # ahead
    assert np.allclose(rotation @ (0, 1, 0), (0, -1, 0))  # down in the picture
    turned, _ = opencv_pose(POSE)
    assert np.allclose(turned @ turned.T, np.eye(3))
    assert np.linalg.det(turned) == pytest.approx(1)


def test_pixels_and_points_in_the_world_agree() -> None:
    view = plane_view(0.0, (0.1, -0.05, 0.2), (0.05, 0.1, -0.02))
    pixels = np.array([[0, 0], [359, 479], [100.5, 20.25]], np.float32)
    world_m = view.position_m + 1.7 * (view.rays(pixels) @ view.rotation.T)
    again, ahead_m = view.project(world_m)
    assert np.allclose(again, pixels, atol=1e-3)
    assert np.allclose(ahead_m, 1.7)


def test_the_prediction_is_read_where_the_pixel_is() -> None:
    columns = np.tile(np.arange(1, 193, dtype=np.float32), (256, 1))
    view = replace(plane_view(0.0), predicted_m=columns)
    x = np.array([[30.0, 50.0], [179.5, 100.0]], np.float32)
    assert np.allclose(view.predicted_at(x), (x[:, 0] + 0.5) * 192 / 360 + 0.5, atol=0.05)
    assert view.predicted_at(np.zeros((0, 2), np.float32)).shape == (0,)
