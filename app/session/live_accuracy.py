"""Accuracy of the predictions of the last seconds, against the LiDAR of the same frames."""

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

HISTORY_S = 60.0  # of a plot over time
WINDOW_S = 3.0  # long enough that the figures can be read, short enough to follow the camera
INTERVAL_S = 0.1  # between measured frames: more of them would add cost, not information
METRES = 5  # bins of one metre each, as far as the range `near` reaches
DELTA1 = 1.25
RATIO_STEP = 4  # every fourth reading gives the same median


@dataclass(frozen=True)
class DistanceBin:
    """Readings from `near_m` to one metre farther: RMSE in metres, and their share of all readings."""

    near_m: int
    rmse_m: float
    share: float


@dataclass(frozen=True)
class Accuracy:
    """Over the readings in the range `near` (model.evaluation.metrics): confident ones, 0.2 to 5 m. No empty `bins`."""

    rmse_m: float
    abs_rel: float
    delta1: float
    scale_ratio: float  # median of predicted over measured
    bins: tuple[DistanceBin, ...]


@dataclass(frozen=True)
class AccuracySample:
    """The accuracy of one frame, `ago_s` seconds ago."""

    ago_s: float
    rmse_m: float
    abs_rel: float
    delta1: float
    scale_ratio: float


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over one frame by metre: (4, METRES) readings, squared error, relative error, readings within DELTA1."""

    at_s: float
    by_metre: np.ndarray
    ratio: float

    def sample(self) -> AccuracySample:
        count, squared, relative, within = self.by_metre.sum(axis=1)
        return AccuracySample(
            0.0, float(np.sqrt(squared / count)), float(relative / count), float(within / count), self.ratio
        )


class LiveAccuracy:
    """The thread that predicts calls `add`; any thread may call the others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._frames: deque[_Sums] = deque()
        self._history: deque[tuple[float, AccuracySample]] = deque()
        self._lock = threading.Lock()

    def add(self, prediction: Prediction, frame: Frame) -> None:
        """Measure a prediction, in about 2 ms; does nothing if less than INTERVAL_S have passed."""
        now_s = self._clock()
        if self._frames and now_s < self._frames[-1].at_s + INTERVAL_S:
            return
        sums = _sums(now_s, prediction.depth_m, frame)
        with self._lock:
            self._forget(now_s)
            if sums is not None:
                self._frames.append(sums)
                self._history.append((now_s, sums.sample()))

    def latest(self) -> Accuracy | None:
        """Return the accuracy over the last WINDOW_S; None if there was nothing to compare."""
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
        """Return single frames of the last HISTORY_S, oldest first."""
        now_s = self._clock()
        with self._lock:
            self._forget(now_s)
            return [replace(sample, ago_s=now_s - at_s) for at_s, sample in self._history]

    def _forget(self, now_s: float) -> None:
        while self._frames and self._frames[0].at_s < now_s - WINDOW_S:
            self._frames.popleft()
        while self._history and self._history[0][0] < now_s - HISTORY_S:
            self._history.popleft()


def abs_rel_of(prediction: Prediction, frame: Frame) -> float | None:
    """Return AbsRel of one frame over the same readings as `Accuracy`; None if there are none."""
    sums = _sums(0.0, prediction.depth_m, frame)
    return None if sums is None else sums.sample().abs_rel


def _sums(now_s: float, predicted_m: DepthMap, frame: Frame) -> _Sums | None:
    """Return None if no reading can be compared."""
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
