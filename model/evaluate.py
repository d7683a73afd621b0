"""How good a weights version is on recordings; through the Predictor, so without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from capture.frame import CaptureError
from capture.recording import Recording
from model.metrics import RANGES, Sums, report
from model.predictor import Predictor
from model.split import label, open_recordings
from model.targets import is_landscape, resize_confidence, resize_depth

OnProgress = Callable[[int, int], None]  # frames done, frames in all


def evaluate(
    datasets: Sequence[str | Path],
    weights: str | Path,
    on_progress: OnProgress = lambda done, total: None,
    most_frames: int | None = None,
) -> dict[str, Any]:
    """{"weights", "recordings": {name: {"near": Metrics, "far": Metrics}}, "all": {"near", "far"}}.

    Depth is compared at the network's size, which is the LiDAR's own; larger depth maps are sampled to it.
    `most_frames` looks at no more than so many of each recording, evenly spread in runs of two.

    Raises CaptureError where the data or the weights cannot be read.
    """
    recordings = open_recordings(datasets)
    if not recordings:
        raise CaptureError("The recordings named have no frames to evaluate on")
    predictor = Predictor(weights)
    chosen = {id(r): _chosen(len(r), most_frames) for r in recordings}
    done, total = 0, sum(len(indices) for indices in chosen.values())
    everything, by_name = _sums(), {}
    for recording in recordings:
        sums = _sums()
        for _ in _add_frames(sums, recording, chosen[id(recording)], predictor):
            done += 1
            on_progress(done, total)
        by_name[label(recording, recordings)] = report(sums)
        for name, of_all in everything.items():
            of_all.merge(sums[name])
    return {"weights": str(weights), "recordings": by_name, "all": report(everything)}


def _add_frames(
    sums: dict[str, Sums], recording: Recording, indices: list[int], predictor: Predictor
) -> Iterator[None]:
    """Measure the frames one by one, yielding after each."""
    size = predictor.config.input_size(is_landscape(recording.info.rgb_size))
    before: tuple[int, Any, Any, dict[str, Any]] | None = None
    for i in indices:
        line = recording.line(i)
        predicted_m = predictor(recording.rgb(line), line.intrinsics).depth_m
        depth_m = resize_depth(recording.depth_m(line), size)
        confidence = recording.confidence(line)
        confidence = None if confidence is None else resize_confidence(confidence, size)
        masks = {name: limits.mask(depth_m, confidence) for name, limits in RANGES.items()}
        for name, mask in masks.items():
            sums[name].add(predicted_m, depth_m, mask)
            if before and before[0] == line.stream_index - 1:
                _, previous_m, previous_depth_m, previous_masks = before
                both = mask & previous_masks[name]
                sums[name].add_change((previous_m, predicted_m), (previous_depth_m, depth_m), both)
        before = line.stream_index, predicted_m, depth_m, masks
        yield


def _chosen(frames: int, most: int | None) -> list[int]:
    """All frames, or `most` of them: pairs of neighbours, evenly spread, so that flicker can be told."""
    if most is None or frames <= most:
        return list(range(frames))
    starts = np.linspace(0, frames - 2, max(1, most // 2)).round().astype(int)
    return sorted({int(i) for start in starts for i in (start, start + 1)})


def _sums() -> dict[str, Sums]:
    return {name: Sums() for name in RANGES}
