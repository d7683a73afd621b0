"""Recordings to batches: streamed from disk, split by recording, never by frame.

Neighbouring frames of one recording are nearly the same picture: a network tested on frames between those that it was
trained on looks far better than it is. So whole recordings are held out, and two recordings that share a frame may
not stand on both sides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.frame import CaptureError, UInt8Image
from capture.recording import Dataset, Recording
from model import targets
from model.targets import Float32

PREFETCHED_BATCHES = 3  # enough that the networks never wait for the disk, and no more memory than a few megabytes


@dataclass(frozen=True)
class Split:
    """Which recordings are trained on and which only measure."""

    train: tuple[Recording, ...]
    held_out: tuple[Recording, ...]


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
    """Frame `index` of a recording, not read yet; `turned`: cut to the other orientation when it is."""

    recording: Recording
    index: int
    turned: bool = False


@dataclass(frozen=True, eq=False)
class Batch:
    """n samples of one size. rgb: uint8 (n, h, w, 3); depth, edges: float32 (n, h, w, 2), the value and its weight."""

    rgb: UInt8Image
    depth: Float32
    edges: Float32
    focal_px: Float32  # (n,), of the network's input

    def __len__(self) -> int:
        return len(self.rgb)


def open_recordings(paths: Sequence[str | Path]) -> list[Recording]:
    """Every recording below `paths` that has frames, each once, sorted by folder name: by the time it began.

    Raises CaptureError where a path holds no recording.
    """
    by_path = {recording.path.resolve(): recording for path in paths for recording in Dataset(path)}
    return sorted((r for r in by_path.values() if len(r)), key=lambda r: (r.path.name, str(r.path)))


def label(recording: Recording, among: Sequence[Recording]) -> str:
    """What to call a recording: its folder's name, or the whole path where another of `among` has the same."""
    alone = sum(other.path.name == recording.path.name for other in among) <= 1
    return recording.path.name if alone else str(recording.path)


def split(recordings: Sequence[Recording], held_out: Sequence[str] | None) -> Split:
    """Hold out the recordings named (by folder, path or the name they were recorded under).

    None holds out the newest that shares no frame with the others, if there are two or more; () holds out nothing.

    Raises CaptureError where nothing is left to train on, a name fits no recording, or a frame stands on both sides.
    """
    if not recordings:
        raise CaptureError("There is nothing to train on: the recordings named have no frames")
    keys = {id(r): frame_keys(r) for r in recordings} if len(recordings) > 1 else {}
    if held_out is None:
        for newest in reversed(recordings if len(recordings) > 1 else ()):
            rest = tuple(r for r in recordings if r is not newest)
            if not any(keys[id(r)] & keys[id(newest)] for r in rest):
                return Split(rest, (newest,))
        return Split(tuple(recordings), ())
    for name in held_out:
        if not any(_is_named(r, name) for r in recordings):
            known = ", ".join(r.path.name for r in recordings)
            raise CaptureError(f"No recording is called {name}, so it cannot be held out. There are: {known}")
    held = tuple(r for r in recordings if any(_is_named(r, name) for name in held_out))
    train = tuple(r for r in recordings if r not in held)
    if not train:
        raise CaptureError("Every recording is held out: nothing is left to train on. Name fewer, or record one more")
    for a in train:
        for b in held:
            if shared := keys[id(a)] & keys[id(b)]:
                raise CaptureError(
                    f"{len(shared)} frames of the held-out {b.path} stand in {a.path} too, so the result would look "
                    "better than it is. Leave one of the two out"
                )
    return Split(train, held)


def frame_keys(recording: Recording) -> set[tuple[str, str]]:
    """What tells its frames from any other: the checksums of picture and depth as the log states them."""
    return {(line.files["rgb"].crc32, line.files["depth"].crc32) for line in recording.lines()}


def frames_of(recordings: Sequence[Recording]) -> list[FrameRef]:
    return [FrameRef(recording, i) for recording in recordings for i in range(len(recording))]


def spread(frames: Sequence[FrameRef], most: int) -> list[FrameRef]:
    """At most `most` of the frames, evenly spread."""
    if len(frames) <= most:
        return list(frames)
    return [frames[i] for i in np.linspace(0, len(frames) - 1, most).round().astype(int)]


def plan_epoch(
    frames: Sequence[FrameRef], batch: int, most: int, turned: float, rng: np.random.Generator
) -> list[list[FrameRef]]:
    """One epoch's batches: at most `most` frames drawn anew each time, each batch of one orientation, all full.

    A batch that would stay short is filled up with frames drawn before. A share of `turned` is cut to the other
    orientation.
    """
    drawn = [frames[i] for i in rng.permutation(len(frames))[:most]]
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
    """The frames as they come, in batches of one recording each; for measuring."""
    runs: dict[Path, list[FrameRef]] = {}
    for ref in frames:
        runs.setdefault(ref.recording.path, []).append(ref)
    return [run[i : i + batch] for run in runs.values() for i in range(0, len(run), batch)]


def load(planned: Sequence[Sequence[FrameRef]], sampling: Sampling, seed: Sequence[int] | None) -> Iterator[Batch]:
    """The batches planned, one after the other; with a seed each sample is augmented, the same for the same seed.

    One thread reads ahead; it may block on the disk. Frames without a reading are left out, and batches of only such.

    Raises CaptureError where a file is missing or damaged.
    """
    with ThreadPoolExecutor(1, "loader") as pool:
        ahead: deque[Future[Batch | None]] = deque()
        try:
            for number, refs in enumerate(planned):
                ahead.append(pool.submit(_load_batch, refs, sampling, None if seed is None else (*seed, number)))
                if len(ahead) > PREFETCHED_BATCHES and (batch := ahead.popleft().result()):
                    yield batch
            while ahead:
                if batch := ahead.popleft().result():
                    yield batch
        finally:
            for future in ahead:
                future.cancel()


def load_sample(ref: FrameRef, sampling: Sampling, rng: np.random.Generator | None = None) -> Batch:
    """One frame as a batch of one; with `rng`, zoomed, flipped and recoloured at random."""
    recording, size = ref.recording, sampling.size_of(ref.recording, ref.turned)
    line = recording.line(ref.index)
    rgb_size = recording.info.rgb_size
    window = _window(rng, sampling.zoom if rng else 1.0, _share_of(rgb_size, size) if ref.turned else (1.0, 1.0))
    rgb = targets.resize_rgb(_cut(recording.rgb(line, reduced=_reduction(rgb_size, window, size)), window), size)
    depth_m = targets.resize_depth(_cut(recording.depth_m(line), window), size)
    confidence = recording.confidence(line)
    if confidence is not None:
        confidence = targets.resize_confidence(_cut(confidence, window), size)
    weight = targets.weights(depth_m, confidence)
    canonical = sampling.canonical_focal_px
    # Cutting out a share of the picture and resizing it to the same size is what a longer lens does.
    focal = targets.focal_px(line.intrinsics, rgb_size, size, canonical) / window.width
    sample = Batch(
        rgb[None],
        np.stack([targets.log_canonical(depth_m, focal, canonical), weight], axis=-1)[None],
        np.stack([targets.edges(depth_m), targets.least_of_neighbours(weight)], axis=-1)[None],
        np.array([focal], dtype=np.float32),
    )
    return sample if rng is None else _recoloured(_flipped(sample, rng), rng)


def _load_batch(refs: Sequence[FrameRef], sampling: Sampling, seed: tuple[int, ...] | None) -> Batch | None:
    samples = []
    for number, ref in enumerate(refs):
        rng = None if seed is None else np.random.default_rng((*seed, number))
        sample = load_sample(ref, sampling, rng)
        if sample.depth[..., 1].any():
            samples.append(sample)
    if not samples:
        return None
    return Batch(
        *(np.concatenate([getattr(s, name) for s in samples]) for name in ("rgb", "depth", "edges", "focal_px"))
    )


@dataclass(frozen=True)
class _Window:
    """What is cut out, as shares of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float


def _window(rng: np.random.Generator | None, zoom: float, whole: tuple[float, float]) -> _Window:
    """A window of `whole` (width, height) or up to `zoom` times smaller: at random, or the middle without `rng`."""
    side = 1.0 if rng is None else 1 / rng.uniform(1, zoom)
    width, height = whole[0] * side, whole[1] * side
    across, down = (0.5, 0.5) if rng is None else rng.random(2)
    return _Window(across * (1 - width), down * (1 - height), width, height)


def _share_of(old: tuple[int, int], new: tuple[int, int]) -> tuple[float, float]:
    """How much of the width and height of `old` the largest window of the shape of `new` takes."""
    shape = (new[0] / new[1]) / (old[0] / old[1])
    return min(1.0, shape), min(1.0, 1 / shape)


def _cut(image: NDArray[Any], window: _Window) -> NDArray[Any]:
    height, width = image.shape[:2]
    x, y = round(window.left * width), round(window.top * height)
    return image[y : y + max(1, round(window.height * height)), x : x + max(1, round(window.width * width))]


def _reduction(rgb_size: tuple[int, int], window: _Window, size: tuple[int, int]) -> int:
    """The smallest picture that the JPEG decoder can give without having to enlarge the window."""
    width, height = rgb_size[0] * window.width, rgb_size[1] * window.height
    fits = (r for r in (8, 4, 2) if width / r >= size[0] and height / r >= size[1])
    return next(fits, 1)


def _flipped(sample: Batch, rng: np.random.Generator) -> Batch:
    if rng.random() < 0.5:
        return sample
    return replace(sample, rgb=sample.rgb[:, :, ::-1], depth=sample.depth[:, :, ::-1], edges=sample.edges[:, :, ::-1])


def _recoloured(sample: Batch, rng: np.random.Generator) -> Batch:
    """Another exposure, white balance and gamma; one look-up table a channel."""
    gains = rng.uniform(0.75, 1.25) * rng.uniform(0.9, 1.1, size=3)
    levels = np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.8, 1.25) * gains
    table = np.clip(255 * levels, 0, 255).astype(np.uint8)
    return replace(sample, rgb=np.asarray(cv2.LUT(np.ascontiguousarray(sample.rgb[0]), table[None]))[None])


def _is_named(recording: Recording, name: str) -> bool:
    return name in (recording.path.name, recording.info.name) or Path(name).resolve() == recording.path.resolve()
