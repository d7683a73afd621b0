"""A picture and its depth map agree; those of two scenes do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from capture.frame import Frame
from capture.inspection.edge_agreement import SHIFT, SIZE, agreement
from tests.support.scenes import scene_frame


def grey(frame: Frame) -> np.ndarray:
    return cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize("landscape", [False, True])
def test_a_scene_agrees_with_itself_and_no_other(landscape: bool) -> None:
    frames = [scene_frame(i, landscape=landscape) for i in range(12)]
    own = [agreement(grey(frame), frame.depth_m).score for frame in frames]
    others = [agreement(grey(frames[i - 1]), frames[i].depth_m).score for i in range(12)]
    assert min(own) > 0.5
    assert np.median(others) < 0.3 * np.median(own)


def test_sensors_need_not_be_aligned_to_the_pixel() -> None:
    frame = scene_frame(0)
    pixel = frame.rgb_size[0] // SIZE[0]
    near = agreement(np.roll(grey(frame), SHIFT * pixel, axis=1), frame.depth_m).score
    far = agreement(np.roll(grey(frame), 10 * pixel, axis=1), frame.depth_m).score
    assert near > 0.9 * agreement(grey(frame), frame.depth_m).score
    assert far < 0.6 * near


def test_holes_are_no_edges() -> None:
    frame = scene_frame(0)
    holes = frame.depth_m.copy()
    holes[::7, ::5] = 0
    before, after = (agreement(grey(frame), depth) for depth in (frame.depth_m, holes))
    assert after.score > 0.8 * before.score
    assert after.depth_strength < 1.2 * before.depth_strength


@pytest.mark.parametrize("level", [0, 2])
def test_a_bare_wall_and_no_reading_have_nothing_to_compare(level: float) -> None:
    frame = scene_frame(0)
    wall = agreement(grey(frame), np.full_like(frame.depth_m, level))
    assert wall.depth_strength < 0.01 * agreement(grey(frame), frame.depth_m).depth_strength
    assert np.isfinite(wall.score)
    assert agreement(np.full((96, 72), 128, np.uint8), frame.depth_m).picture_strength < 0.01
