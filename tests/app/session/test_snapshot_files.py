"""A snapshot read back: every file, the right frame, and nothing half-written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.session.live_session import LiveFrame
from app.session.snapshot_files import write_snapshot
from capture.jpeg import Jpeg
from capture.storage.encoding import encode, encode_png
from model.predictor import Prediction
from tests.support.frames import make_frame

WINDOW_PNG = encode_png(np.full((20, 32), 64, np.uint8))


def view() -> LiveFrame:
    jpeg = Jpeg(encode(make_frame(7), None).jpeg, (72, 96))
    seen = replace(make_frame(7), image=jpeg)
    predicted = np.full((64, 48), 1.5, np.float32)
    return LiveFrame(make_frame(8), Prediction(7, predicted, np.zeros((64, 48), np.float32), 0.01), seen)


def test_it_holds_the_predicted_frame_with_its_prediction(tmp_path: Path) -> None:
    seen = view()
    out = write_snapshot(tmp_path / "snapshots", seen, WINDOW_PNG, "starter")
    names = {"rgb.jpg", "depth.png", "confidence.png", "predicted.png", "window.png", "snapshot.json"}
    assert {file.name for file in out.iterdir()} == names
    assert [file.name for file in out.parent.iterdir()] == [out.name]
    assert seen.predicted_frame is not None
    assert (out / "rgb.jpg").read_bytes() == seen.predicted_frame.jpeg
    depth = cv2.imread(str(out / "depth.png"), cv2.IMREAD_UNCHANGED)
    assert (depth.dtype, depth[0, 0], depth[5, 5]) == (np.uint16, 0, 1007)
    assert (cv2.imread(str(out / "predicted.png"), cv2.IMREAD_UNCHANGED) == 1500).all()
    assert cv2.imread(str(out / "window.png")).shape == (20, 32, 3)
    about = json.loads((out / "snapshot.json").read_text())
    assert (about["frame"], about["camera"], about["weights"]) == (7, "lidar", "starter")
    assert about["intrinsics"] == [79, 79, 36, 48]
    assert about["pose"] == [0, 0, 0, 1, 7, 0, 0]


def test_without_a_prediction_it_is_of_the_newest_frame(tmp_path: Path) -> None:
    out = write_snapshot(tmp_path, LiveFrame(make_frame(3, confidence=False)), WINDOW_PNG, "")
    assert {file.name for file in out.iterdir()} == {"rgb.jpg", "depth.png", "window.png", "snapshot.json"}
    assert json.loads((out / "snapshot.json").read_text())["weights"] is None


def fail(*_: object) -> None:
    raise OSError("disk full")


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        write_snapshot(tmp_path / "file", view(), WINDOW_PNG, "")
    (tmp_path / "snapshots").mkdir()
    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_snapshot(tmp_path / "snapshots", view(), WINDOW_PNG, "")
    assert list((tmp_path / "snapshots").iterdir()) == []
    with pytest.raises(ValueError, match="no picture yet"):
        write_snapshot(tmp_path, LiveFrame(), WINDOW_PNG, "")
