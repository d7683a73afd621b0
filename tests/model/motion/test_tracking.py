"""Corners, followed from picture to picture."""

from __future__ import annotations

import numpy as np

from model.motion.tracking import MOST_POINTS, Tracker
from tests.support.textured_plane import plane_view


def test_points_are_followed_to_a_fraction_of_a_pixel() -> None:
    first, second = plane_view(0.0), plane_view(0.1, (0.02, 0.01, 0.0), (0.0, 0.02, 0.01))
    tracker = Tracker()
    assert len(tracker.follow(first.gray)) == 0
    assert tracker.refill(first.gray) > MOST_POINTS // 2
    before = tracker.pixels
    keep = tracker.follow(second.gray)
    assert keep.mean() > 0.5
    rays = first.rays(before[keep])
    depth_m = 1 / (1 - 0.3 * rays[:, 0])
    expected, _ = second.project(rays * depth_m[:, None])
    assert np.median(np.linalg.norm(tracker.pixels - expected, axis=1)) < 0.15


def test_a_guess_finds_points_that_moved_far_and_a_wrong_guess_loses_none() -> None:
    first, second = plane_view(0.0), plane_view(0.1, turn=(0.0, 0.25, 0.0))
    shares = {}
    for name in ("none", "right", "wrong"):
        tracker = Tracker()
        tracker.follow(first.gray)
        tracker.refill(first.gray)
        guess, _ = second.project(first.rays(tracker.pixels))
        guesses = {"none": None, "right": guess, "wrong": tracker.pixels + 150}
        shares[name] = tracker.follow(second.gray, guesses[name]).sum()
    assert shares["right"] > 50
    assert shares["right"] > 5 * shares["none"]

    near = plane_view(0.1, (0.01, 0.0, 0.0))
    tracker = Tracker()
    tracker.follow(first.gray)
    tracker.refill(first.gray)
    assert tracker.follow(near.gray, tracker.pixels + np.float32(150)).mean() > 0.8


def test_a_blank_picture_has_no_points() -> None:
    tracker = Tracker()
    blank = np.full((480, 360), 128, np.uint8)
    tracker.follow(blank)
    assert tracker.refill(blank) == 0
    assert len(tracker.follow(blank)) == 0


def test_points_stay_bounded() -> None:
    tracker = Tracker()
    for i in range(20):
        gray = plane_view(0.1 * i, (0.02 * i, 0.0, 0.0)).gray
        tracker.follow(gray)
        tracker.refill(gray)
        assert len(tracker.pixels) <= MOST_POINTS
