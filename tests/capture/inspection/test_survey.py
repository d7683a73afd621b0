"""The survey of a recording by a sample of its frames."""

from __future__ import annotations

from dataclasses import replace
from math import cos, radians, sin
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.frame import Frame, Pose
from capture.inspection.motion import Stillness
from capture.inspection.survey import METRES, SAMPLES, Survey, depth_reach, sharpness, survey
from capture.recording import Recording
from tests.support.frames import make_frame, write_recording
from tests.support.scenes import scene_frame


def surveyed(dataset: Path, frames: list[Frame]) -> Survey:
    found = survey(Recording(write_recording(dataset, "surveyed", frames)))
    assert found is not None
    return found


def textured(index: int) -> Frame:
    texture = cv2.resize(np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8), (240, 320))
    return replace(make_frame(index, rgb_size=(240, 320)), image=np.roll(texture, index, axis=1))


def test_coverage_counts_confident_readings_by_metre(tmp_path: Path) -> None:
    depth = np.zeros((10, 10), np.float32)
    depth[0], depth[1], depth[2], depth[3] = 0.5, 1.0, 4.99, 7
    confidence = np.full((10, 10), 2, np.uint8)
    confidence[1, :5] = 1
    frame = replace(make_frame(0, depth_size=(10, 10)), depth_m=depth, confidence=confidence)
    reach = depth_reach(Recording(write_recording(tmp_path, "known", [frame])), 12)
    assert reach.coverage == pytest.approx((0.1, 0.05, 0, 0, 0.1, 0.1))
    assert len(reach.coverage) == METRES + 1
    assert reach.confident == pytest.approx(0.35)
    assert reach.range_m == pytest.approx((0.5, 7))
    believed = depth_reach(Recording(write_recording(tmp_path, "b", [replace(frame, confidence=None)])), 12)
    assert believed.coverage[1] == pytest.approx(0.1)
    nothing = replace(frame, depth_m=np.zeros_like(depth))
    assert depth_reach(Recording(write_recording(tmp_path, "n", [nothing])), 12).range_m is None


def test_brightness(tmp_path: Path) -> None:
    levels = [25] + [128] * 8 + [230]
    frames = [replace(make_frame(i), image=np.full((96, 72, 3), level, np.uint8)) for i, level in enumerate(levels)]
    found = surveyed(tmp_path, frames)
    assert found.brightness == pytest.approx((25 / 255, 128 / 255, 230 / 255), abs=0.01)
    assert found.dark == pytest.approx(0.1)


def test_tilt_of_the_camera(tmp_path: Path) -> None:
    def looking_up(i: int, degrees: float) -> Frame:
        half = radians(degrees) / 2
        return replace(make_frame(i, depth_size=(192, 256)), pose=Pose((sin(half), 0.0, 0.0, cos(half))))

    found = surveyed(tmp_path, [looking_up(i, angle) for i, angle in enumerate((-60, -40, -30, 5, 30))])
    assert found.tilt_deg == pytest.approx((-60, -30, 30))
    assert (found.looked_down, found.looked_up) == pytest.approx((0.6, 0.2))
    assert surveyed(tmp_path, [make_frame(i) for i in range(3)]).tilt_deg is None


def test_blur_is_relative_to_the_rest_of_the_recording(tmp_path: Path) -> None:
    frames = [textured(i) for i in range(12)]
    assert surveyed(tmp_path, frames).blurred == 0
    for i in (3, 7):
        frames[i] = replace(frames[i], image=cv2.blur(frames[i].rgb, (15, 15)))
    assert surveyed(tmp_path, frames).blurred == 2


def test_sharpness_does_not_depend_on_contrast() -> None:
    grey = cv2.cvtColor(textured(0).rgb, cv2.COLOR_RGB2GRAY)
    faint = (64 + grey // 2).astype(np.uint8)
    assert sharpness(faint) == pytest.approx(sharpness(grey), rel=0.4), "half the contrast is a quarter of the variance"
    assert sharpness(cv2.GaussianBlur(grey, (0, 0), 4)) < 0.5 * sharpness(grey)
    assert sharpness(np.full((9, 9), 7, np.uint8)) == 0


def test_long_recordings_take_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = Recording(write_recording(tmp_path, "long", [scene_frame(i) for i in range(2 * SAMPLES)]))
    looked: list[int] = []
    rgb = Recording.rgb
    monkeypatch.setattr(
        Recording, "rgb", lambda self, line, reduced=1: looked.append(line.index) or rgb(self, line, reduced)
    )
    found = survey(recording)
    assert found is not None
    assert found.looked_at == SAMPLES
    assert len(set(looked)) <= 2 * SAMPLES
    assert len(looked) <= 2 * SAMPLES
    assert isinstance(found.still, Stillness)


def test_no_survey_without_frames(tmp_path: Path) -> None:
    path = write_recording(tmp_path, "empty", [make_frame(0)])
    (path / "frames.jsonl").write_bytes(b"")
    assert survey(Recording(path)) is None
