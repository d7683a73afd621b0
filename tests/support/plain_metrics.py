"""The measures a second time, from the papers that `model.evaluation.metrics` names: in float64, one pixel at a time.

Nothing of `model` is used here, so that a mistake would have to be made twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean as mean
from statistics import median
from typing import NamedTuple

import numpy as np


class Seen(NamedTuple):
    """One frame of a recording: its place in the stream, the network's depth map, the LiDAR's and its confidence."""

    stream_index: int
    predicted: np.ndarray
    depth: np.ndarray
    confidence: np.ndarray | None


Pixels = set[tuple[int, int]]


def measure(recordings: Sequence[Sequence[Seen]], least: int, near: float, far: float) -> dict[str, float]:
    """Every measure over all frames of all recordings, of the readings in one range."""
    errors: list[tuple[float, float]] = []
    scales, silogs, frames, unanswered = [], [], 0, 0
    hits_of_found, hits_of_true, distances, changes = [], [], [], []
    for recording in recordings:
        before: tuple[Seen, Pixels] | None = None
        for seen in recording:
            counted = _counted(seen, least, near, far)
            pairs = [(_answer(seen.predicted[at]), float(seen.depth[at])) for at in sorted(counted)]
            unanswered += sum(not _is_answer(seen.predicted[at]) for at in counted)
            if pairs:
                frames += 1
                errors += pairs
                scales.append(median(p / d for p, d in pairs))
                silogs.append(_silog(pairs))
                found = _edges(seen.predicted, counted)
                true = _edges(np.where(seen.depth > 0, seen.depth, 1.0), counted)
                from_found, from_true = _distances(found, true), _distances(true, found)
                hits_of_found += [distance < 2 for distance in from_found]  # 1, or √2 across a corner
                hits_of_true += [distance < 2 for distance in from_true]
                distances += [min(10.0, distance) for distance in from_found + from_true]
            if before and before[0].stream_index + 1 == seen.stream_index:
                changes += [_change(before[0], seen, at) for at in counted & before[1]]
            before = seen, counted
    precision, recall = mean(hits_of_found), mean(hits_of_true)
    return {
        **_pixel_measures(errors),
        "frames": frames,
        "silog": mean(silogs),
        "edge_precision": precision,
        "edge_recall": recall,
        "edge_f1": 2 / (1 / precision + 1 / recall),
        "boundary_error_px": mean(distances),
        "scale_ratio": median(scales),
        "flicker": sum(p for p, _ in changes) / sum(d for _, d in changes),
        "unanswered": unanswered / len(errors),
    }


def _pixel_measures(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Eigen et al. (2014), from (prediction, LiDAR) pairs."""
    return {
        "mse_mm2": mean((1000 * p - 1000 * d) ** 2 for p, d in pairs),
        "rmse_m": math.sqrt(mean((p - d) ** 2 for p, d in pairs)),
        "mae_m": mean(abs(p - d) for p, d in pairs),
        "abs_rel": mean(abs(p - d) / d for p, d in pairs),
        "sq_rel": mean((p - d) ** 2 / d for p, d in pairs),
        "rmse_log": math.sqrt(mean((math.log(p) - math.log(d)) ** 2 for p, d in pairs)),
        "log10": mean(abs(math.log10(p) - math.log10(d)) for p, d in pairs),
        **{f"delta{k}": mean(max(p / d, d / p) < 1.25**k for p, d in pairs) for k in (1, 2, 3)},
    }


def _silog(pairs: list[tuple[float, float]]) -> float:
    """100 times the root of Eigen et al.'s scale-invariant error, with all of the scale taken out."""
    logs = [math.log(p) - math.log(d) for p, d in pairs]
    n = len(logs)
    return 100 * math.sqrt(max(0.0, sum(v * v for v in logs) / n - sum(logs) ** 2 / n**2))


def _counted(seen: Seen, least: int, near: float, far: float) -> Pixels:
    height, width = seen.depth.shape
    return {
        (y, x)
        for y in range(height)
        for x in range(width)
        if seen.depth[y, x] > 0
        and near <= seen.depth[y, x] <= far
        and (seen.confidence is None or seen.confidence[y, x] >= least)
    }


def _edges(depth: np.ndarray, counted: Pixels) -> Pixels:
    """Where the gradient of log depth by Sobel's kernels is over 0.1 and all pixels it was taken from count."""
    height, width = depth.shape
    found = set()
    for y, x in counted:
        around = [
            (min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)
        ]
        if not all(at in counted for at in around):
            continue
        a, b, c, d, _, f, g, h, i = (math.log(_answer(depth[at])) for at in around)
        across, down = (c + 2 * f + i) - (a + 2 * d + g), (g + 2 * h + i) - (a + 2 * b + c)
        if math.hypot(across, down) / 8 > 0.1:
            found.add((y, x))
    return found


def _distances(pixels: Pixels, others: Pixels) -> list[float]:
    """From each pixel to the nearest of the others."""
    if not others:
        return [math.inf] * len(pixels)
    ys, xs = np.array(sorted(others)).T
    return [float(np.hypot(ys - y, xs - x).min()) for y, x in pixels]


def _change(before: Seen, now: Seen, at: tuple[int, int]) -> tuple[float, float]:
    """How much prediction and LiDAR changed at a pixel, in log depth."""
    predicted = math.log(_answer(now.predicted[at])) - math.log(_answer(before.predicted[at]))
    return abs(predicted), abs(math.log(now.depth[at]) - math.log(before.depth[at]))


def _is_answer(predicted: float) -> bool:
    return math.isfinite(predicted) and predicted >= np.float32(0.001)


def _answer(predicted: float) -> float:
    return float(predicted) if _is_answer(predicted) else 0.001
