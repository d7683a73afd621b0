"""Every view of VIEWS: drawn from a moment without Qt, or the reason why there is nothing to draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.session.display_options import DisplayOptions
from app.session.orientation import AS_RECEIVED, Rotation
from app.session.predictor_thread import PredictorStatus
from app.session.views import (
    DEFAULT_VIEWS,
    DIFFERENCE_SCALE,
    PAIRS,
    VIEWS,
    LiveView,
    Moment,
    Picture,
    Scales,
    turn_caption,
)
from capture.frame import Camera
from capture.jpeg import Jpeg
from model.predictor import Prediction
from tests.support.frames import make_frame

SIZE = (72, 96)  # pixels of the screen
VIEW = {view.name: view for view in VIEWS}


def moment() -> Moment:
    """Predicted half a metre too far."""
    frame = make_frame(1)
    depth_m = frame.depth_m + np.float32(0.5)
    options = DisplayOptions()
    prediction = Prediction(1, depth_m, np.abs(depth_m) / 10, 0.012)
    scales = Scales(0.5, 4.0, 0.6)
    error_m = options.error_m(depth_m, frame)
    weights = PredictorStatus(weights="starter")
    return Moment(frame, prediction, frame, weights, options, AS_RECEIVED, scales, error_m)


def unpredicted(status: PredictorStatus) -> Moment:
    scales = Scales(0.5, 4.0)
    return replace(moment(), prediction=None, predicted_frame=None, predictor=status, scales=scales, error_m=None)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_draws_a_picture_of_its_moment(view: LiveView) -> None:
    drawn = view.draw(moment(), SIZE)
    assert isinstance(drawn, Picture)
    assert drawn.pixels.dtype == np.uint8
    if drawn.table is None:
        assert drawn.pixels.shape[2:] == (3,)
    else:
        assert drawn.pixels.ndim == 2
        assert drawn.table.shape == (256, 3)
    assert view.title
    assert view.tip.endswith(".")


def test_names_are_there_once_and_partners_are_neighbours() -> None:
    names = [view.name for view in VIEWS]
    assert len(set(names)) == len(names)
    assert DEFAULT_VIEWS == ("rgb", "predicted", "lidar", "difference")
    for left, right in PAIRS:
        assert names.index(right) == names.index(left) + 1


def test_captions_and_colours() -> None:
    now = moment()
    captions = {view.name: view.draw(now, SIZE).caption for view in VIEWS}
    assert captions["rgb"] == "72 × 96 pixels"
    assert captions["predicted"] == "in 12 ms"
    assert captions["lidar"] == "100% confident"
    assert captions["difference"] == "mean 50.0 cm"
    assert captions["confidence"] == "100% high, 0% low"
    viridis = replace(now, options=DisplayOptions("viridis"))
    assert (VIEW["predicted"].draw(viridis, SIZE).table == viridis.options.table).all()
    assert DIFFERENCE_SCALE.ends_m(now.scales) == (-0.6, 0.6)
    assert DIFFERENCE_SCALE.ends_m(Scales(0.5, 4.0)) is None
    assert turn_caption(Rotation(1, mirrored=True)) == ", flipped, turned 90°"


@pytest.mark.parametrize(
    ("status", "predicted", "others"),
    [
        (PredictorStatus(), "No weights yet: record, then press Retrain", "Nothing to compare the LiDAR with yet"),
        (PredictorStatus(error="damaged"), "damaged", "Nothing to compare the LiDAR with yet"),
        (PredictorStatus(loading=True), "Loading the weights…", ""),
        (PredictorStatus("starter"), "Waiting for the first prediction…", ""),
    ],
)
def test_without_a_prediction_the_reason_is_drawn(status: PredictorStatus, predicted: str, others: str) -> None:
    now = unpredicted(status)
    assert VIEW["predicted"].draw(now, SIZE) == predicted
    for name in ("difference", "edges_predicted", "edges_true"):
        assert VIEW[name].draw(now, SIZE) == others
    for name in ("rgb", "lidar", "confidence"):
        assert isinstance(VIEW[name].draw(now, SIZE), Picture)


def test_what_the_camera_does_not_send_and_what_is_damaged() -> None:
    truedepth = replace(make_frame(1, confidence=False), camera=Camera.TRUEDEPTH)
    assert VIEW["lidar"].title_for(truedepth) == "TrueDepth depth"
    now = replace(moment(), frame=truedepth)
    assert VIEW["confidence"].draw(now, SIZE) == "This camera sends no confidence map"
    assert VIEW["lidar"].draw(now, SIZE).caption == "no confidence map"
    damaged = replace(moment(), frame=replace(make_frame(1), image=Jpeg(b"no picture", (72, 96))))
    assert VIEW["rgb"].draw(damaged, SIZE) == "This picture is damaged"
