"""Run the estimator over a recording, and compare its answers with the LiDAR."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.bench.motion.pose_faults import FAULTS
from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from capture.frame import DepthMap, Frame, Pose
from capture.recording import Recording, recording_folders
from capture.storage.layout import INFO_NAME
from model.data.targets import resize_depth
from model.motion.session import MotionSession
from model.motion.view import MotionView, opencv_pose
from model.predictor import Predictor

NEAR_M, FAR_M = 0.15, 5.0  # readings that count
FIRST_MOTION_M = 0.05
MOST_VIEWS = 600  # a minute
_LEAST_PIXELS = 100


@dataclass(frozen=True)
class MotionFigures:
    """Means over the views of a recording; AbsRel over 0.15 to 5 m. None where no view counts.

    base, motion, limit  AbsRel of the prediction, of it scaled, and of it with the one true factor of each picture
    moved           AbsRel scaled, after the first 5 cm of motion
    with_evidence   views whose own points gave evidence; the following are shares of these
    within_tenth    scale within 10 % of the true one
    within_one, within_two   true scale within one and two stated deviations
    ms              processor time of a step, of all threads
    """

    views: int
    base: float
    motion: float
    limit: float
    moved: float | None
    with_evidence: int
    within_tenth: float | None
    within_one: float | None
    within_two: float | None
    ms: float


@dataclass(frozen=True, eq=False)
class _Measured:
    """A view with its true pose, and the LiDAR's depth at the prediction's size."""

    index: int
    view: MotionView
    depth_m: DepthMap


def measure(path: Path, predictor: Predictor) -> dict[str, MotionFigures]:
    """Figures by fault of the poses. Raises LidarliveError where no view has a pose, intrinsics and depth."""
    with opened(path) as recording:
        lines = list(recording.lines())
        poses, times = [line.pose for line in lines], [line.received_ns / 1e9 for line in lines]
        views = list(_views(recording, predictor))
    if len(views) < 2:
        raise LidarliveError(f"{path} has no frames with pose, intrinsics and depth. Received: {len(lines)} frames")
    return {name: _figures(views, fault(poses, times)) for name, fault in FAULTS.items()}


@contextmanager
def opened(path: Path) -> Iterator[Recording]:
    """Open a recording, or a foreign data set as one. Raises LidarliveError."""
    if (path.is_dir() and any(path.glob(f"*/{INFO_NAME}"))) or (path / INFO_NAME).is_file():
        folder, *others = recording_folders(path)
        if others:
            raise LidarliveError(f"{path} holds {len(others) + 1} recordings. Name one of them")
        yield Recording(folder)
        return
    with tempfile.TemporaryDirectory(prefix="lidarlive-bench-") as dataset:
        import_path(path, Path(dataset), ImportOptions(), lambda done, total: None)
        yield Recording(recording_folders(Path(dataset))[0])


def _views(recording: Recording, predictor: Predictor) -> Iterator[_Measured]:
    """Views as often as a session wants them, at most `MOST_VIEWS`."""
    clock, count = MotionSession(), 0
    for i, line in enumerate(recording.lines()):
        if count == MOST_VIEWS or not clock.is_due(line.received_ns / 1e9):
            continue
        frame: Frame = recording[i]
        predicted_m = predictor.of_frame(frame).depth_m
        view = MotionView.of_frame(frame, predicted_m)
        depth_m = resize_depth(frame.depth_m, (predicted_m.shape[1], predicted_m.shape[0]))
        if view is not None and _counted(depth_m).sum() > _LEAST_PIXELS:
            clock.step(view)
            count += 1
            yield _Measured(i, view, depth_m)


def _figures(views: list[_Measured], poses: list[Pose]) -> MotionFigures:
    session, rows, spent_s = MotionSession(), [], 0.0
    start_m = views[0].view.position_m
    farthest_m = 0.0
    for measured in views:
        true, depth_m = measured.view, measured.depth_m
        rotation, position_m = opencv_pose(poses[measured.index])
        view = replace(true, rotation=rotation, position_m=position_m)
        before_s = time.process_time()
        estimate = session.step(view)
        spent_s += time.process_time() - before_s
        assert estimate is not None
        farthest_m = max(farthest_m, float(np.linalg.norm(true.position_m - start_m)))
        log_true = _log_scale(true.predicted_m, depth_m)
        rows.append(
            (
                abs_rel(true.predicted_m, depth_m),
                abs_rel(estimate.scaled(true.predicted_m), depth_m),
                abs_rel(true.predicted_m * np.float32(math.exp(log_true)), depth_m),
                farthest_m > FIRST_MOTION_M,
                estimate.points > 0,
                abs(estimate.log_scale - log_true),
                estimate.deviation,
            )
        )
    base, motion, limit, moved, evidence, error, deviation = np.array(rows, dtype=np.float64).T
    has = evidence > 0
    return MotionFigures(
        views=len(views),
        base=float(base.mean()),
        motion=float(motion.mean()),
        limit=float(limit.mean()),
        moved=_mean(motion[moved > 0]),
        with_evidence=int(has.sum()),
        within_tenth=_mean(error[has] < math.log(1.1)),
        within_one=_mean(error[has] < deviation[has]),
        within_two=_mean(error[has] < 2 * deviation[has]),
        ms=1000 * spent_s / len(views),
    )


def abs_rel(predicted_m: DepthMap, depth_m: DepthMap) -> float:
    """Mean |p - d| / d over the readings that count."""
    counted = _counted(depth_m)
    p, d = predicted_m[counted].astype(np.float64), depth_m[counted].astype(np.float64)
    return float(np.mean(np.abs(p - d) / d))


def _log_scale(predicted_m: DepthMap, depth_m: DepthMap) -> float:
    """True log scale: the median over the readings that count."""
    counted = _counted(depth_m)
    return float(np.median(np.log(depth_m[counted] / predicted_m[counted])))


def _counted(depth_m: DepthMap) -> np.ndarray:
    return (depth_m > NEAR_M) & (depth_m < FAR_M)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if values.size else None
