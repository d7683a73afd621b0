"""Measure a weights version on recordings, through the Predictor and so without TensorFlow.

With the scale from motion, too, where it is asked for; its figures are apart from those of the network alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from capture.errors import LidarliveError
from capture.frame import DepthMap
from capture.jpeg import UInt8Image
from capture.recording import Recording
from capture.storage.layout import FrameLine
from model.data.split import label, open_recordings
from model.data.targets import Mask, is_landscape, resize_confidence, resize_depth
from model.evaluation.lineage import seen_by
from model.evaluation.metrics import RANGES, Sums, report
from model.motion.session import MotionSession
from model.motion.view import MotionView
from model.predictor import Predictor
from model.report import Evaluation, MotionEvaluation

OnProgress = Callable[[int, int], None]  # frames done, frames in all
RangeSums = dict[str, Sums]  # a Sums for each of RANGES


def evaluate(
    datasets: Sequence[str | Path],
    weights: str | Path,
    on_progress: OnProgress = lambda done, total: None,
    most_frames: int | None = None,
    from_frame: int = 0,
) -> Evaluation:
    """Measure the version in the folder `weights` on all recordings of `datasets`.

    Depth is compared at the network's size, which is the LiDAR's own; larger depth maps are sampled to it.
    `most_frames` measures at most so many of each recording, evenly spread in runs of two, none before `from_frame`.

    Raises LidarliveError where the data or the weights cannot be read.
    """
    recordings = open_recordings(datasets)
    if not recordings:
        raise LidarliveError("The recordings named have no frames to evaluate on")
    predictor = Predictor(weights)
    indices = {recording.path: chosen(len(recording), most_frames, from_frame) for recording in recordings}
    done, total = 0, sum(map(len, indices.values()))
    everything, by_name = no_sums(), {}
    for recording in recordings:
        judge, sums = Judge(predictor), no_sums()
        for i in indices[recording.path]:
            merge(sums, judge(Shown.read(recording, i)).sums)
            done += 1
            on_progress(done, total)
        by_name[label(recording, recordings)] = report(sums)
        merge(everything, sums)
    notes = seen_by(predictor.folder, recordings, from_frame).notes("This version")
    return Evaluation(str(weights), by_name, report(everything), notes)


def evaluate_with_motion(
    datasets: Sequence[str | Path],
    weights: str | Path,
    on_progress: OnProgress = lambda done, total: None,
) -> MotionEvaluation:
    """Measure as `evaluate` does, every prediction scaled from motion. Frames without pose keep the network's scale.

    Raises LidarliveError where the data or the weights cannot be read.
    """
    recordings = open_recordings(datasets)
    predictor = Predictor(weights)
    done, total = 0, sum(map(len, recordings))
    everything, by_name, scaled = no_sums(), {}, 0
    for recording in recordings:
        judge, sums = Judge(predictor, MotionSession()), no_sums()
        for i in range(len(recording)):
            merge(sums, judge(Shown.read(recording, i)).sums)
            scaled += judge.scaled
            done += 1
            on_progress(done, total)
        by_name[label(recording, recordings)] = report(sums)
        merge(everything, sums)
    return MotionEvaluation(by_name, report(everything), scaled)


@dataclass(frozen=True, eq=False)
class Shown:
    """A recorded frame: the version's input, and the depth that its prediction is compared with."""

    line: FrameLine
    rgb: UInt8Image
    depth_m: DepthMap
    confidence: UInt8Image | None

    @classmethod
    def read(cls, recording: Recording, i: int) -> Shown:
        line = recording.line(i)
        return cls(line, recording.rgb(line), recording.depth_m(line), recording.confidence(line))


@dataclass(frozen=True, eq=False)
class Judged:
    """One frame at the network's size, float32 (h, w): prediction, LiDAR depth, and which pixels count.

    `sums` are of this frame alone; with the change since the frame before, where that was its neighbour in the stream.
    """

    stream_index: int
    predicted_m: DepthMap
    depth_m: DepthMap
    masks: dict[str, Mask]  # by range
    sums: RangeSums


class Judge:
    """Measures a predictor on the frames of one recording, given one after the other.

    `motion`: scales the predictions; `scaled`: whether it had evidence for that of the newest frame.
    """

    def __init__(self, predictor: Predictor, motion: MotionSession | None = None) -> None:
        self._predictor, self._motion = predictor, motion
        self._before: Judged | None = None
        self.scaled = False

    def __call__(self, shown: Shown) -> Judged:
        size = self._predictor.config.input_size(is_landscape((shown.rgb.shape[1], shown.rgb.shape[0])))
        predicted_m = self._predict(shown)
        depth_m = resize_depth(shown.depth_m, size)
        confidence = None if shown.confidence is None else resize_confidence(shown.confidence, size)
        masks = {name: limits.mask(depth_m, confidence) for name, limits in RANGES.items()}
        now, before = Judged(shown.line.stream_index, predicted_m, depth_m, masks, no_sums()), self._before
        for name, mask in masks.items():
            now.sums[name].add(predicted_m, depth_m, mask)
            if before is not None and before.stream_index == now.stream_index - 1:
                both = mask & before.masks[name]
                now.sums[name].add_change((before.predicted_m, predicted_m), (before.depth_m, depth_m), both)
        self._before = now
        return now

    def _predict(self, shown: Shown) -> DepthMap:
        line, motion = shown.line, self._motion
        predicted_m = self._predictor(shown.rgb, line.intrinsics).depth_m
        if motion is None:
            return predicted_m
        seconds = line.received_ns / 1e9
        if motion.is_due(seconds):
            motion.step(MotionView.of_picture(shown.rgb, line.intrinsics, line.pose, seconds, predicted_m))
        estimate = motion.newest
        self.scaled = estimate is not None and estimate.log_scale != 0
        return predicted_m if estimate is None else estimate.scaled(predicted_m)


def chosen(frames: int, most: int | None, first: int = 0) -> list[int]:
    """Indices of all frames from `first` on, or of `most`: pairs of neighbours, evenly spread, for the flicker."""
    if most is None or frames - first <= most:
        return list(range(first, frames))
    starts = np.linspace(first, frames - 2, max(1, most // 2)).round().astype(int)
    return sorted({int(i) for start in starts for i in (start, start + 1)})


def no_sums() -> RangeSums:
    """Empty sums for each range."""
    return {name: Sums() for name in RANGES}


def merge(into: RangeSums, sums: RangeSums) -> None:
    """Add `sums` to `into`, in place."""
    for name, of_range in into.items():
        of_range.merge(sums[name])
