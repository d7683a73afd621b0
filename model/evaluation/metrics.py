"""Measure a predicted depth map, in the metrics of the field. NumPy only; no median scaling.

Errors are pooled over pixels. Formulas as in Eigen et al., "Depth Map Prediction from a Single Image" (NeurIPS 2014):
with prediction p and LiDAR d, metres, over the pixels that count,
    mse_mm2 mean (p-d)^2 in mm^2    rmse_m sqrt mean (p-d)^2        mae_m mean |p-d|
    abs_rel mean |p-d|/d            sq_rel mean (p-d)^2/d, metres   rmse_log sqrt mean (ln p/d)^2
    log10 mean |log10 p/d|          delta1,2,3 share of pixels with max(p/d, d/p) < 1.25, 1.25^2, 1.25^3
and besides
    silog           100 sqrt(mean (ln p/d)^2 - (mean ln p/d)^2) of each frame, the mean over frames: what is left of
                    the error where the scale of every frame is right (Eigen et al.; as KITTI's benchmark states it)
    edge_precision, edge_recall, edge_f1   of the edges of the predicted depth (`targets.edges` over 0.1) against the
                    LiDAR's; an edge pixel is found where the other map has one at most 1 pixel away (Hu et al.,
                    "Revisiting Single Image Depth Estimation", WACV 2019, with that pixel of tolerance)
    boundary_error_px   how far the edge pixels of each map are from the nearest one of the other, mean over both,
                    each distance cut at 10 (the symmetric boundary error of Koch et al., "Evaluation of CNN-based
                    Single-Image Depth Estimation Methods", ECCV workshops 2018). A map without edges is 10 away from
                    every edge of the other, so predicting none gains nothing; two maps without edges give NaN
    scale_ratio     median over frames of the median of p/d: 1 where the scale is right
    flicker         over consecutive frames, mean |ln p_t - ln p_(t-1)| / mean |ln d_t - ln d_(t-1)|: 1 where the
                    prediction changes as much as the LiDAR does
    unanswered      share of pixels whose prediction is no finite number or under 1 mm. They count as 1 mm in all of
                    the above: a missing prediction is an error
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import DepthMap
from capture.jpeg import UInt8Image
from model.data.targets import Mask, edges, edges_valid
from model.report import Figures, Ranges

EDGE_THRESHOLD = 0.1
MOST_BOUNDARY_ERROR_PX = 10.0  # as Koch et al.: a farther edge is another one
LEAST_DEPTH_M = 1e-3  # the resolution of recorded depth: nothing nearer is ever measured
_NEIGHBOURHOOD = np.ones((3, 3), np.uint8)  # one pixel of tolerance


@dataclass(frozen=True)
class Range:
    """Readings that count: of at least this confidence (absent = 2), from `near_m` to `far_m`."""

    least_confidence: int
    near_m: float
    far_m: float

    def mask(self, depth_m: DepthMap, confidence: UInt8Image | None) -> Mask:
        inside = (depth_m > 0) & (depth_m >= self.near_m) & (depth_m <= self.far_m)
        return inside if confidence is None else inside & (confidence >= self.least_confidence)


RANGES = {"near": Range(2, 0.2, 5.0), "far": Range(1, 0.0, 10.0)}


@dataclass(frozen=True)
class Metrics:
    """See the module's docstring. NaN where no pixel counts (flicker: where no two frames follow each other)."""

    frames: int
    mse_mm2: float
    rmse_m: float
    mae_m: float
    abs_rel: float
    sq_rel: float
    rmse_log: float
    log10: float
    silog: float
    delta1: float
    delta2: float
    delta3: float
    edge_precision: float
    edge_recall: float
    edge_f1: float
    boundary_error_px: float
    scale_ratio: float
    flicker: float
    unanswered: float

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the metrics, without the number of frames."""
        return tuple(f.name for f in fields(cls) if f.name != "frames")

    def to_dict(self) -> Figures:
        """For JSON, with None in place of NaN."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}


@dataclass
class Sums:
    """Sums over the frames of one range, of one recording or of all."""

    frames: int = 0
    totals: dict[str, float] = field(default_factory=dict)
    ratios: list[float] = field(default_factory=list)  # one a frame

    def add(self, predicted_m: DepthMap, depth_m: DepthMap, mask: Mask) -> None:
        """Add one frame; all three (h, w). A frame without a pixel that counts is ignored."""
        if not mask.any():
            return
        answered_m = answered(predicted_m)
        p, d = answered_m[mask].astype(np.float64), depth_m[mask].astype(np.float64)
        error, logs, ratio = p - d, np.log(p / d), np.maximum(p / d, d / p)
        self.frames += 1
        self.ratios.append(float(np.median(p / d)))
        self._add(
            pixels=p.size,
            unanswered=np.sum(_unanswered(predicted_m)[mask]),
            squared=np.sum(error**2),
            absolute=np.sum(np.abs(error)),
            relative=np.sum(np.abs(error) / d),
            squared_relative=np.sum(error**2 / d),
            silog=100 * np.std(logs),
            log_squared=np.sum(logs**2),
            log_absolute=np.sum(np.abs(logs)),
            delta1=np.sum(ratio < 1.25),
            delta2=np.sum(ratio < 1.25**2),
            delta3=np.sum(ratio < 1.25**3),
        )
        self._add_edges(answered_m, depth_m, mask)

    def add_change(self, predicted_m: _Pair, depth_m: _Pair, mask: Mask) -> None:
        """Add two consecutive frames, (before, now); `mask`: pixels that count in both."""
        for name, (before, now) in (("predicted_change", map(answered, predicted_m)), ("change", depth_m)):
            logs = np.log(now[mask].astype(np.float64)) - np.log(before[mask].astype(np.float64))
            self._add(**{name: np.sum(np.abs(logs))})

    def merge(self, other: Sums) -> None:
        self.frames += other.frames
        self.ratios += other.ratios
        self._add(**other.totals)

    def metrics(self) -> Metrics:
        t = self.totals.get
        pixels = t("pixels", 0.0)
        squared, log_squared = _share(t("squared"), pixels), _share(t("log_squared"), pixels)
        precision = _share(t("edges_right"), t("edges_predicted"))
        recall = _share(t("edges_found"), t("edges"))
        return Metrics(
            frames=self.frames,
            mse_mm2=squared * 1e6,
            rmse_m=math.sqrt(squared),
            mae_m=_share(t("absolute"), pixels),
            abs_rel=_share(t("relative"), pixels),
            sq_rel=_share(t("squared_relative"), pixels),
            rmse_log=math.sqrt(log_squared),
            log10=_share(t("log_absolute"), pixels) / math.log(10),
            silog=_share(t("silog"), self.frames),
            delta1=_share(t("delta1"), pixels),
            delta2=_share(t("delta2"), pixels),
            delta3=_share(t("delta3"), pixels),
            edge_precision=precision,
            edge_recall=recall,
            edge_f1=_harmonic_mean(precision, recall),
            boundary_error_px=_share(t("edge_distance"), t("edges", 0.0) + t("edges_predicted", 0.0)),
            scale_ratio=float(np.median(self.ratios)) if self.ratios else math.nan,
            flicker=_share(t("predicted_change"), t("change")),
            unanswered=_share(t("unanswered"), pixels),
        )

    def _add_edges(self, predicted_m: DepthMap, depth_m: DepthMap, mask: Mask) -> None:
        inside = edges_valid(mask)
        true = (edges(depth_m) > EDGE_THRESHOLD) & inside
        found = (edges(predicted_m) > EDGE_THRESHOLD) & inside
        self._add(
            edges=np.sum(true),
            edges_predicted=np.sum(found),
            edges_found=np.sum(true & _widened(found)),
            edges_right=np.sum(found & _widened(true)),
            edge_distance=np.sum(_distance(true)[found]) + np.sum(_distance(found)[true]),
        )

    def _add(self, **amounts: float | np.number[Any] | np.bool_) -> None:
        for name, amount in amounts.items():
            self.totals[name] = self.totals.get(name, 0.0) + float(amount)


_Pair = tuple[DepthMap, DepthMap]


def report(sums: Mapping[str, Sums]) -> Ranges:
    """The figures of each range, from its sums."""
    return {name: sums[name].metrics().to_dict() for name in RANGES}


def _share(part: float | None, whole: float | None) -> float:
    return part / whole if part is not None and whole else math.nan


def _harmonic_mean(precision: float, recall: float) -> float:
    if math.isnan(precision) and math.isnan(recall):
        return math.nan  # no edge in either map
    if math.isnan(precision) or math.isnan(recall) or precision + recall == 0:
        return 0.0  # edges in one map only, or none that meet
    return 2 * precision * recall / (precision + recall)


def _unanswered(predicted_m: DepthMap) -> Mask:
    return ~(np.isfinite(predicted_m) & (predicted_m >= LEAST_DEPTH_M))


def answered(predicted_m: DepthMap) -> DepthMap:
    """float32 (h, w): the prediction with 1 mm wherever there is no answer."""
    return np.where(_unanswered(predicted_m), LEAST_DEPTH_M, predicted_m).astype(np.float32)


def _distance(edge: Mask) -> NDArray[np.float32]:
    """Pixels from each pixel to the nearest edge; at most, and where there is no edge, `MOST_BOUNDARY_ERROR_PX`."""
    if not edge.any():
        return np.full(edge.shape, MOST_BOUNDARY_ERROR_PX, np.float32)
    distance = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Squares are whole numbers of pixels; what OpenCV is off by depends on where in memory the map lies.
    whole = np.sqrt(np.round(np.square(distance, dtype=np.float64)))
    return np.asarray(np.minimum(whole, MOST_BOUNDARY_ERROR_PX), dtype=np.float32)


def _widened(mask: Mask) -> NDArray[np.bool_]:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _NEIGHBOURHOOD)).astype(np.bool_)
