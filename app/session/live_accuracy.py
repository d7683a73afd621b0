"""How good the predictions of the last seconds were, against the LiDAR of the same frames."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from capture.frame import DepthMap, Frame
from model.evaluation.metrics import RANGES
from model.predictor import Prediction

HISTORY_S = 60.0  # what a plot over time shows
WINDOW_S = 3.0  # long enough that the figures can be read, short enough to follow the camera
INTERVAL_S = 0.1  # between frames that are looked at: more would tell no more, and cost time beside the predictions
METRES = 5  # as far as `near` reaches, so many bins of a metre each
DELTA1 = 1.25
RATIO_STEP = 4  # every fourth reading gives the same median


@dataclass(frozen=True)
class DistanceBin:
    """Readings from `near_m` to a metre farther: RMSE in metres and their share of all."""

    near_m: int
    rmse_m: float
    share: float


@dataclass(frozen=True)
class Accuracy:
    """Of the readings in range `near` (metrics.py): confident ones, 0.2 to 5 m. `bins` with readings only."""

    rmse_m: float
    abs_rel: float
    delta1: float
    scale_ratio: float  # median of predicted over measured
    bins: tuple[DistanceBin, ...]


@dataclass(frozen=True)
class AccuracySample:
    """The same of one frame, `ago_s` seconds ago."""

    ago_s: float
    rmse_m: float
    abs_rel: float
    delta1: float
    scale_ratio: float


@dataclass(frozen=True, eq=False)
class _Sums:
    """Of one frame, by metre: (4, METRES) readings, squared error, relative error, readings within DELTA1."""

    at_s: float
    by_metre: np.ndarray
    ratio: float

    def moment(self) -> AccuracySample:
        count, squared, relative, within = self.by_metre.sum(axis=1)
        return AccuracySample(
            0.0, float(np.sqrt(squared / count)), float(relative / count), float(within / count), self.ratio
        )


class LiveAccuracy:
    """`add` is called by the thread that predicts, the others by any."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._frames: deque[_Sums] = deque()
        self._history: deque[tuple[float, AccuracySample]] = deque()
        self._lock = threading.Lock()

    def add(self, prediction: Prediction, frame: Frame) -> None:
        """Takes about two milliseconds, or none where the last frame was looked at a moment ago."""
        now_s = self._clock()
        if self._frames and now_s < self._frames[-1].at_s + INTERVAL_S:
            return
        sums = _sums(now_s, prediction.depth_m, frame)
        with self._lock:
            self._forget(now_s)
            if sums is not None:
                self._frames.append(sums)
                self._history.append((now_s, sums.moment()))

    def latest(self) -> Accuracy | None:
        """Over the last seconds; None where there was nothing to compare."""
        with self._lock:
            self._forget(self._clock())
            if not self._frames:
                return None
            total = np.sum([sums.by_metre for sums in self._frames], axis=0)
            ratio = float(np.median([sums.ratio for sums in self._frames]))
        count, squared, relative, within = total.sum(axis=1)
        return Accuracy(
            rmse_m=float(np.sqrt(squared / count)),
            abs_rel=float(relative / count),
            delta1=float(within / count),
            scale_ratio=ratio,
            bins=tuple(
                DistanceBin(metre, float(np.sqrt(total[1, metre] / total[0, metre])), float(total[0, metre] / count))
                for metre in range(METRES)
                if total[0, metre]
            ),
        )

    def history(self) -> list[AccuracySample]:
        """Single frames of the last HISTORY_S, oldest first; their `ago_s` is as of now."""
        now_s = self._clock()
        with self._lock:
            self._forget(now_s)
            return [replace(moment, ago_s=now_s - at_s) for at_s, moment in self._history]

    def _forget(self, now_s: float) -> None:
        while self._frames and self._frames[0].at_s < now_s - WINDOW_S:
            self._frames.popleft()
        while self._history and self._history[0][0] < now_s - HISTORY_S:
            self._history.popleft()


def abs_rel_of(prediction: Prediction, frame: Frame) -> float | None:
    """AbsRel of one frame over the same readings as `Accuracy`; None where there is none to compare with."""
    sums = _sums(0.0, prediction.depth_m, frame)
    return None if sums is None else sums.moment().abs_rel


def _sums(now_s: float, predicted_m: DepthMap, frame: Frame) -> _Sums | None:
    """None where no reading can be compared."""
    height, width = frame.depth_m.shape
    if predicted_m.shape != (height, width):
        predicted_m = np.asarray(cv2.resize(predicted_m, (width, height), interpolation=cv2.INTER_LINEAR))
    mask = RANGES["near"].mask(frame.depth_m, frame.confidence) & (predicted_m > 0)
    p, d = predicted_m[mask], frame.depth_m[mask]
    if not d.size:
        return None
    ratio, error = p / d, p - d
    metre = np.minimum(d.astype(np.int64), METRES - 1)
    within = (ratio < DELTA1) & (ratio > 1 / DELTA1)
    by_metre = np.stack(
        [np.bincount(metre, weights, METRES) for weights in (np.ones_like(d), error**2, np.abs(error) / d, within)]
    )
    return _Sums(now_s, by_metre, float(np.median(ratio[::RATIO_STEP])))
