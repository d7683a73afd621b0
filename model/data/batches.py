"""Make batches of the frames of whole recordings (model/data/split.py), streamed from disk or from memory.

FrameRef ─► decoded, shrunk ─► augmented view ─► targets ─► Batch
             kept in memory      (augment.py)       (targets.py)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.frame import Intrinsics
from capture.jpeg import UInt8Image, reduction
from capture.recording import Recording
from model.data import targets
from model.data.augment import AugmentedView, recoloured
from model.data.targets import Float32

PREFETCHED_BATCHES = 3  # the networks never wait for the disk, at the cost of a few megabytes
CACHE_BYTES = 1 << 30  # some 2,000 frames at 192x256, thinned a few rooms; no more than TensorFlow takes itself
MARGIN = 1.5  # a frame is decoded so much larger than the network's input, so that a window of it is still sharp


@dataclass(frozen=True)
class Sampling:
    """How a frame becomes a sample. `size` is (width, height) of the portrait input."""

    size: tuple[int, int]
    canonical_focal_px: float
    zoom: float = 1.0  # random zoom up to this, when augmenting

    def size_of(self, recording: Recording, turned: bool = False) -> tuple[int, int]:
        landscape = targets.is_landscape(recording.info.rgb_size) is not turned
        return (self.size[1], self.size[0]) if landscape else self.size


@dataclass(frozen=True)
class FrameRef:
    """Frame `index` of a recording, not read yet; `turned`: crop it to the other orientation when read."""

    recording: Recording
    index: int
    turned: bool = False


@dataclass(frozen=True, eq=False)
class Batch:
    """n samples of one size. rgb: uint8 (n, h, w, 3); depth: float32 (n, h, w, 2), log canonical depth, weight."""

    rgb: UInt8Image
    depth: Float32
    focal_px: Float32  # (n,), of the network's input

    def __len__(self) -> int:
        return len(self.rgb)


class Cache:
    """Frames in memory, decoded and shrunk, so that only the first epoch reads them from disk.

    Frames beyond `most_bytes` are read again each time: frames are drawn at random, so none is worth more than
    another, and none is evicted. For one `load` at a time.
    """

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._free_bytes = most_bytes
        self._kept: dict[tuple[FrameRef, tuple[int, int]], _Decoded] = {}

    def decoded(self, ref: FrameRef, size: tuple[int, int]) -> _Decoded:
        """The frame at `size`, or as recorded where that is smaller."""
        decoded = self._kept.get((ref, size))
        if decoded is None:
            decoded = _decode(ref, size)
            if decoded.nbytes <= self._free_bytes:
                self._free_bytes -= decoded.nbytes
                self._kept[ref, size] = decoded
        return decoded


def frames_of(recordings: Sequence[Recording]) -> list[FrameRef]:
    return [FrameRef(recording, i) for recording in recordings for i in range(len(recording))]


def spread(frames: Sequence[FrameRef], most: int) -> list[FrameRef]:
    """At most `most` of the frames, evenly spread."""
    if len(frames) <= most:
        return list(frames)
    return [frames[i] for i in np.linspace(0, len(frames) - 1, most).round().astype(int)]


def plan_epoch(
    frames: Sequence[FrameRef],
    batch: int,
    most: int,
    turned: float,
    rng: np.random.Generator,
    rehearsed: Sequence[FrameRef] = (),
) -> list[list[FrameRef]]:
    """Plan one epoch's batches: at most `most` frames drawn at random, each batch of one orientation, all full.

    Where there are `rehearsed` frames, as many of these are drawn as well. A short batch is filled up with frames
    drawn before. A share of `turned` is cropped to the other orientation.
    """
    drawn = [frames[i] for i in rng.permutation(len(frames))[:most]]
    if rehearsed:
        drawn += [rehearsed[i] for i in rng.integers(len(rehearsed), size=len(drawn))]
    planned: list[list[FrameRef]] = []
    for landscape in (False, True):
        group = [ref for ref in drawn if targets.is_landscape(ref.recording.info.rgb_size) is landscape]
        for start in range(0, len(group), batch):
            chosen = group[start : start + batch]
            chosen += [group[i] for i in rng.integers(len(group), size=batch - len(chosen))]
            turn = bool(rng.random() < turned)
            planned.append([replace(ref, turned=turn) for ref in chosen])
    return [planned[i] for i in rng.permutation(len(planned))]


def in_order(frames: Sequence[FrameRef], batch: int) -> list[list[FrameRef]]:
    """The frames in their order, in batches of one recording each; for measuring."""
    runs: dict[Path, list[FrameRef]] = {}
    for ref in frames:
        runs.setdefault(ref.recording.path, []).append(ref)
    return [run[i : i + batch] for run in runs.values() for i in range(0, len(run), batch)]


def load(
    planned: Sequence[Sequence[FrameRef]], sampling: Sampling, seed: Sequence[int] | None, cache: Cache | None = None
) -> Iterator[Batch]:
    """Read the planned batches in order; with a seed each sample is augmented, reproducibly.

    One thread reads ahead; it may block on the disk. Frames without a reading are left out, and batches of only such.

    Raises LidarliveError where a file is missing or damaged.
    """
    with ThreadPoolExecutor(1, "loader") as pool:
        ahead: deque[Future[Batch | None]] = deque()
        try:
            for number, refs in enumerate(planned):
                of_batch = None if seed is None else (*seed, number)
                ahead.append(pool.submit(_load_batch, refs, sampling, of_batch, cache))
                if len(ahead) > PREFETCHED_BATCHES and (batch := ahead.popleft().result()):
                    yield batch
            while ahead:
                if batch := ahead.popleft().result():
                    yield batch
        finally:
            for future in ahead:
                future.cancel()


def load_sample(
    ref: FrameRef, sampling: Sampling, rng: np.random.Generator | None = None, cache: Cache | None = None
) -> Batch:
    """Read one frame as a batch of one; with `rng` augmented by a view and colours drawn from it (augment.py).

    Without `rng` it is the whole picture, or its centre where turned.
    """
    picture, size = ref.recording.info.rgb_size, sampling.size_of(ref.recording, ref.turned)
    sides = _share_of(picture, size) if ref.turned else (1.0, 1.0)
    view = AugmentedView(sides=sides) if rng is None else AugmentedView.drawn(rng, picture, sides, sampling.zoom)
    decoded = (cache or Cache(0)).decoded(ref, _kept_size(size, sides, 1.0 if rng is None else MARGIN))

    rgb = view.rgb(decoded.rgb, picture, size)
    depth_m = view.nearest(decoded.depth_mm, picture, size).astype(np.float32) / np.float32(1000)
    confidence = None if decoded.confidence is None else view.nearest(decoded.confidence, picture, size)
    weight = targets.weights(depth_m, confidence)
    canonical = sampling.canonical_focal_px
    # Cropping a share of the picture and resizing it equals a longer lens.
    focal = targets.focal_px(decoded.intrinsics, picture, size, canonical) / view.sides[0]
    return Batch(
        (rgb if rng is None else recoloured(rgb, rng))[None],
        np.stack([targets.log_canonical(depth_m, focal, canonical), weight], axis=-1)[None],
        np.array([focal], dtype=np.float32),
    )


def _load_batch(
    refs: Sequence[FrameRef], sampling: Sampling, seed: tuple[int, ...] | None, cache: Cache | None
) -> Batch | None:
    samples = []
    for number, ref in enumerate(refs):
        rng = None if seed is None else np.random.default_rng((*seed, number))
        sample = load_sample(ref, sampling, rng, cache)
        if sample.depth[..., 1].any():
            samples.append(sample)
    if not samples:
        return None
    return Batch(*(np.concatenate([getattr(s, name) for s in samples]) for name in ("rgb", "depth", "focal_px")))


@dataclass(frozen=True, eq=False)
class _Decoded:
    """A frame reduced to near the network's input, if it is larger; integers, so that many fit into memory."""

    rgb: UInt8Image  # (H, W, 3)
    depth_mm: NDArray[np.uint16]  # (h, w), 0 = no reading
    confidence: UInt8Image | None  # (h, w)
    intrinsics: Intrinsics  # of the picture as recorded

    @property
    def nbytes(self) -> int:
        return self.rgb.nbytes + self.depth_mm.nbytes + (0 if self.confidence is None else self.confidence.nbytes)


def _decode(ref: FrameRef, size: tuple[int, int]) -> _Decoded:
    recording = ref.recording
    line, rgb_size = recording.line(ref.index), _smaller(recording.info.rgb_size, size)
    depth_size = _smaller(recording.info.depth_size, size)
    confidence = recording.confidence(line)
    return _Decoded(
        targets.resize_rgb(recording.rgb(line, reduction(recording.info.rgb_size, rgb_size)), rgb_size),
        np.rint(targets.resize_depth(recording.depth_m(line), depth_size) * 1000).astype(np.uint16),
        None if confidence is None else targets.resize_confidence(confidence, depth_size),
        line.intrinsics,
    )


def _smaller(recorded: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    return min(recorded[0], wanted[0]), min(recorded[1], wanted[1])


def _kept_size(size: tuple[int, int], sides: tuple[float, float], margin: float) -> tuple[int, int]:
    """Size of the whole picture at which a window of `sides` has `margin` times the resolution of `size`."""
    return round(size[0] / sides[0] * margin), round(size[1] / sides[1] * margin)


def _share_of(old: tuple[int, int], new: tuple[int, int]) -> tuple[float, float]:
    """Shares of the width and height of `old` of the largest window with the aspect ratio of `new`."""
    shape = (new[0] / new[1]) / (old[0] / old[1])
    return min(1.0, shape), min(1.0, 1 / shape)
