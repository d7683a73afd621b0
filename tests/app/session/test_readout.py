"""The readout of places in a picture whose depth and camera are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.session.live_session import LiveFrame
from app.session.orientation import Rotation
from app.session.readout import Marks, Place, position_m, readout
from capture.frame import Frame, Intrinsics
from model.predictor import Prediction
from tests.support.frames import make_frame

MIDDLE, LEFT = Place(0.5, 0.5), Place(0.25, 0.5)


def frame() -> Frame:
    """A wall 2 m away, with a hole in its corner; 24x32 readings under a picture of 72x96, focal length 72."""
    depth = np.full((32, 24), 2.0, np.float32)
    depth[:4, :4] = 0
    return replace(make_frame(0), depth_m=depth, intrinsics=Intrinsics(72.0, 72.0, 36.0, 48.0))


def view(predicted_m: float = 2.1, size: tuple[int, int] = (64, 48)) -> LiveFrame:
    seen = frame()
    edges = np.zeros(size, np.float32)
    return LiveFrame(make_frame(9), Prediction(0, np.full(size, predicted_m, np.float32), edges, 0.01), seen)


def test_a_place_is_read_in_both_depths_of_one_frame() -> None:
    text = readout(view(), Marks(pointer=MIDDLE))
    assert (
        text == "predicted 2.10 m  ·  LiDAR 2.00 m  ·  +10.0 cm (+5.0%)  ·  high confidence  ·  at 0.04, -0.04, -2.00 m"
    )
    assert readout(view(), Marks()) == ""
    assert readout(LiveFrame(), Marks(pointer=MIDDLE)) == ""


def test_a_hole_has_no_difference_and_no_position() -> None:
    text = readout(view(), Marks(pointer=Place(0.0, 0.0)))
    assert text == "predicted 2.10 m  ·  LiDAR no reading  ·  high confidence"


def test_without_a_prediction_the_newest_frame_is_read() -> None:
    text = readout(LiveFrame(frame()), Marks(pointer=MIDDLE))
    assert text.startswith("LiDAR 2.00 m  ·  high confidence")


@pytest.mark.parametrize("place", [Place(0.0, 0.0), Place(1.0, 1.0), Place(0.999, 0.001)])
def test_every_place_is_a_pixel(place: Place) -> None:
    row, column = place.pixel(frame().depth_m)
    assert 0 <= row < 32
    assert 0 <= column < 24


def test_positions_are_in_the_cameras_axes() -> None:
    seen = replace(frame(), depth_m=np.full((32, 24), 2.0, np.float32))
    right_above = position_m(seen, seen.depth_m, Place(0.999, 0.001))
    assert right_above is not None
    x, y, z = right_above
    assert (x, y, z) == pytest.approx((2 * 11.5 / 24, 2 * 15.5 / 24, -2))
    unknown = replace(seen, intrinsics=Intrinsics(0.0, 0.0, 0.0, 0.0))
    assert position_m(unknown, seen.depth_m, MIDDLE) is None


def test_positions_are_said_in_the_axes_of_what_is_seen() -> None:
    seen = LiveFrame(replace(frame(), depth_m=np.full((32, 24), 2.0, np.float32)))
    right_above = Marks(pointer=Place(0.99, 0.01))
    assert readout(seen, right_above).endswith("at 0.96, 1.29, -2.00 m")
    assert readout(seen, right_above, Rotation(1)).endswith("at 1.29, -0.96, -2.00 m")
    assert readout(seen, right_above, Rotation(0, mirrored=True)).endswith("at -0.96, 1.29, -2.00 m")


def test_two_points_are_a_distance_in_each_depth() -> None:
    assert readout(view(), Marks(points=(LEFT,))) == "Click a second point for the distance"
    text = readout(view(4.0, (32, 24)), Marks(points=(LEFT, MIDDLE)))
    assert text == "Distance: predicted 1.00 m, LiDAR 50.0 cm", "6 of 24 pixels, a focal length being 24 of them"
    hole = readout(view(), Marks(points=(Place(0.0, 0.0), MIDDLE)))
    assert hole.endswith("LiDAR unknown")


def test_a_region_has_a_mean_a_spread_and_holes() -> None:
    whole = (Place(1.0, 1.0), Place(0.0, 0.0))
    assert readout(view(), Marks(region=whole)) == (
        "Region: predicted 2.10 m ± 0.0 cm, LiDAR 2.00 m ± 0.0 cm, 98% filled"
    )
    hole = (Place(0.0, 0.0), Place(0.1, 0.1))
    assert readout(view(), Marks(region=hole)).endswith("LiDAR no reading, 0% filled")
