"""Estimate the factor of a stream's predictions from the camera's motion, picture by picture.

Scale of single-picture networks from the motion of a camera with metric poses: Wofk et al., "Monocular Visual-Inertial
Depth Estimation" (ICRA 2023), which fits it to the points of a visual-inertial odometry. Here the phone's poses are
given, and the points are triangulated from them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from model.motion.estimate import MotionState, ScaleEstimate
from model.motion.evidence import Evidence, weigh
from model.motion.landmarks import Landmarks, Triangulated
from model.motion.scale_filter import ScaleFilter
from model.motion.selection import LEAST_POINTS, NEAR_M, Selection, select
from model.motion.tracking import Keep, Tracker
from model.motion.view import Float64, MotionView, Pixels

KEYFRAME_SHARE = 0.005  # of the distance: a nearer ray adds no parallax
RAY_ERROR_PX = 1.0  # of a corner and of the phone's pose
TURN_ERROR = 0.1  # of the turn since the view before: late poses, rolling shutter, corners that change their look
LEAST_AGREEMENT = 1 / 3
MOST_EVIDENCE_DEVIATION = 0.3
MOST_SPREAD = 0.45  # points that differ by more have no factor in common
JUMP_M_S, JUMP_RAD_S = 5.0, 10.0  # no hand moves a phone faster
LONGEST_GAP_S = 1.0
STILL_FLOW_PX = 5.0  # more flow than that beside a pose that stays: the pose is frozen or late
DOUBT, MOST_DOUBT = 0.05, 0.5  # deviation that each view in disagreement adds; few that agree then do so by chance
PATIENCE = 5  # views in disagreement, after which the poses before no longer belong to those now
_BEHIND_M = 0.02


class ScaleFromMotion:
    """A session: call it with the views of one stream in their order, about ten a second. One thread at a time."""

    def __init__(self, filter_: Callable[[], ScaleFilter] = ScaleFilter) -> None:
        self._filter = filter_()
        self._tracker, self._landmarks = Tracker(), Landmarks()
        self._before: MotionView | None = None
        self._keyframe_m: Float64 | None = None
        self._points: tuple[Triangulated, Selection] | None = None
        self._disagreements, self._doubt = 0, 0.0

    def __call__(self, view: MotionView) -> ScaleEstimate:
        """Take the next view and return the estimate for its prediction."""
        before = self._before
        if before is not None and not _continues(before, view):
            self._forget_points()
            self._filter.advance(0.0, 0.0, 1.0, max(view.seconds - before.seconds, 0.0))
            before = None
        if before is None:
            self._tracker.follow(view.gray)
        else:
            self._follow(before, view)
        self._add_rays(before, view)
        self._before = view
        return self._estimate(view)

    def _forget_points(self) -> None:
        self._tracker, self._landmarks = Tracker(), Landmarks()
        self._keyframe_m = self._points = None
        self._disagreements, self._doubt = 0, 0.0

    def _follow(self, before: MotionView, view: MotionView) -> None:
        """Find the points again, and follow the change of their prediction."""
        pixels = self._tracker.pixels
        if self._points is None or not len(pixels):
            self._tracker.follow(view.gray)
            return
        jumped = _jumped(before, view)
        ahead_m = self._likely_ahead_m(before, pixels)
        world_m = before.position_m + (before.rays(pixels) * ahead_m[:, None]) @ before.rotation.T
        guess, ahead_now_m = view.project(world_m)
        keep = self._tracker.follow(view.gray, None if jumped else _inside(guess, ahead_now_m, pixels, view))
        self._landmarks.select(keep)
        if jumped or self._left_behind(before, view, guess[keep]):
            self._landmarks.clear()
        if jumped:
            ahead_now_m = ahead_m
        nearer = np.log(np.maximum(ahead_now_m, _BEHIND_M) / np.maximum(ahead_m, _BEHIND_M))[keep]
        self._follow_prediction(before, view, pixels[keep], nearer, keep)

    def _left_behind(self, before: MotionView, view: MotionView, guess: Pixels) -> bool:
        """Whether the picture moved and the pose did not: it would put the points right before the lens."""
        if len(guess) < LEAST_POINTS:
            return False
        off_px = float(np.median(np.linalg.norm(self._tracker.pixels - guess, axis=1)))
        moved_m = float(np.linalg.norm(view.position_m - before.position_m))
        return off_px > STILL_FLOW_PX and view.intrinsics.fx * moved_m < NEAR_M * off_px

    def _moved(self, view: MotionView) -> bool:
        """Whether the camera moved enough since the last rays."""
        if self._keyframe_m is None:
            return True
        distance_m = view.distance_m * math.exp(self._filter.belief()[0])
        return float(np.linalg.norm(view.position_m - self._keyframe_m)) > KEYFRAME_SHARE * distance_m

    def _likely_ahead_m(self, view: MotionView, pixels: Pixels) -> Float64:
        """Triangulated distance of the points that counted in the view, scaled prediction of the others."""
        assert self._points is not None
        triangulated, selection = self._points
        predicted_m = view.predicted_at(pixels) * math.exp(self._filter.belief()[0])
        return np.where(selection.counted, triangulated.ahead_m, predicted_m)

    def _follow_prediction(
        self, before: MotionView, view: MotionView, old: Pixels, nearer: Float64, keep: Keep
    ) -> None:
        seconds, left = view.seconds - before.seconds, int(keep.sum())
        if left < LEAST_POINTS:
            self._filter.advance(0.0, 0.0, 1.0, seconds)
            return
        change = np.log(view.predicted_at(self._tracker.pixels) / before.predicted_at(old)) - nearer
        middle = float(np.median(change))
        spread = 1.4826 * float(np.median(np.abs(change - middle)))
        independent = max(1.0, left / 10)  # neighbouring points change together
        self._filter.advance(middle, spread / math.sqrt(independent), 1 - left / len(keep), seconds)

    def _add_rays(self, before: MotionView | None, view: MotionView) -> None:
        """Add a ray to each point, and new points, where the camera moved enough since the last rays."""
        if not self._moved(view):
            return
        turn = 0.0 if before is None else _turn(before, view)
        self._landmarks.grow(self._tracker.refill(view.gray))
        error_px = math.hypot(RAY_ERROR_PX, TURN_ERROR * turn * view.intrinsics.fx)
        self._landmarks.add(view, self._tracker.pixels, error_px)
        self._keyframe_m = view.position_m

    def _estimate(self, view: MotionView) -> ScaleEstimate:
        pixels = self._tracker.pixels
        points = self._landmarks.triangulate(view, pixels)
        selection = select(points)
        self._points = points, selection
        counted = selection.counted
        evidence = self._weigh(view, points, selection)
        state = _judge(evidence, selection)
        used = evidence if state is MotionState.EVIDENCE else None
        if used is not None:
            self._filter.observe(used.log_scale, math.hypot(used.deviation, self._doubt))
        self._count(state)
        mean, deviation = self._filter.belief()
        number, local = (0, None) if used is None else (used.points, used.local)
        return ScaleEstimate(mean, deviation, number, state, local, pixels[counted], points.ahead_m[counted])

    def _count(self, state: MotionState) -> None:
        """Doubt the evidence while views disagree; after several, begin with new rays."""
        if state is MotionState.EVIDENCE:
            self._doubt, self._disagreements = self._doubt / 2, 0
        elif state is MotionState.DISAGREEMENT:
            self._filter.advance(0.0, DOUBT, 0.0, 0.0)
            self._doubt, self._disagreements = min(self._doubt + DOUBT, MOST_DOUBT), self._disagreements + 1
        if self._disagreements >= PATIENCE:
            self._landmarks.clear()
            self._disagreements = 0

    def _weigh(self, view: MotionView, points: Triangulated, selection: Selection) -> Evidence | None:
        counted = selection.counted
        pixels = self._tracker.pixels[counted]
        log_ratio = np.log(points.ahead_m[counted] / view.predicted_at(pixels))
        height, width = view.gray.shape
        return weigh(log_ratio, selection.deviation[counted], pixels, (width, height))


def _judge(evidence: Evidence | None, selection: Selection) -> MotionState:
    if selection.agreement < LEAST_AGREEMENT and selection.parallax >= 3 * LEAST_POINTS:
        return MotionState.DISAGREEMENT
    if evidence is None or selection.agreement < LEAST_AGREEMENT:
        return MotionState.NO_PARALLAX
    if evidence.spread > MOST_SPREAD:
        return MotionState.DISAGREEMENT
    return MotionState.EVIDENCE if evidence.deviation <= MOST_EVIDENCE_DEVIATION else MotionState.UNCERTAIN


def _continues(before: MotionView, view: MotionView) -> bool:
    return view.gray.shape == before.gray.shape and 0 < view.seconds - before.seconds <= LONGEST_GAP_S


def _turn(before: MotionView, view: MotionView) -> float:
    """Radians between two views."""
    cosine = (float(np.trace(before.rotation.T @ view.rotation)) - 1) / 2
    return math.acos(min(1.0, max(-1.0, cosine)))


def _jumped(before: MotionView, view: MotionView) -> bool:
    """Whether the pose moved as no hand can: the tracking started anew or found its place again."""
    seconds = view.seconds - before.seconds
    moved_m = float(np.linalg.norm(view.position_m - before.position_m))
    return moved_m > JUMP_M_S * seconds or _turn(before, view) > JUMP_RAD_S * seconds


def _inside(guess: Pixels, ahead_m: Float64, otherwise: Pixels, view: MotionView) -> Pixels:
    """Guesses near the picture, which the flow can start from; `otherwise` where there is none."""
    height, width = view.gray.shape
    near = np.all((guess > -width / 4) & (guess < (width * 5 / 4, height * 5 / 4)), axis=1) & (ahead_m > _BEHIND_M)
    return np.where(near[:, None], guess, otherwise)
