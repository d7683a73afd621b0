"""Small scenes with exact depth, as recordings that networks can learn from in seconds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from capture.frame import Frame, Intrinsics, Pose
from model.config import TrainConfig
from model.train import train
from tests.support.events import into
from tests.support.frames import write_recording

FOCAL_PX = 100.0  # of a picture 96 wide, portrait
SMALL: dict[str, Any] = {"epochs": 4, "batch": 4, "epoch_frames": 32, "size": (64, 96), "continue_from": None}


def scene_frame(index: int, seed: int = 0, landscape: bool = False, confidence: int | None = 2) -> Frame:
    """A floor and a box before a wall, the nearer the brighter: RGB 96x128, depth 48x64, turned where `landscape`."""
    rng = np.random.default_rng((seed, index))
    width, height = (64, 48) if landscape else (48, 64)
    rows, columns = np.mgrid[:height, :width]
    depth = np.full((height, width), rng.uniform(2.0, 3.0))
    depth = np.minimum(depth, 1.2 * height / np.maximum(rows, 1))
    left, top = rng.integers(width // 2), rng.integers(height // 2)
    box = (columns >= left) & (columns < left + width // 3) & (rows >= top) & (rows < top + height // 3)
    depth = np.where(box, rng.uniform(0.6, 1.0), depth).astype(np.float32)
    grey = np.clip(255 / (1 + depth) + rng.normal(0, 2, depth.shape), 0, 255).astype(np.uint8)
    rgb = np.repeat(np.repeat(np.stack([grey, grey // 2, 255 - grey], axis=-1), 2, axis=0), 2, axis=1)
    depth[:2] = 0  # no reading
    return Frame(
        index=index,
        received_ns=index * 33_333_333,
        image=rgb,
        depth_m=depth,
        confidence=None if confidence is None else np.full(depth.shape, confidence, np.uint8),
        intrinsics=Intrinsics(FOCAL_PX, FOCAL_PX, width, height),
        pose=Pose(),
    )


def scene_recording(dataset: Path, name: str, frames: int, seed: int = 0, landscape: bool = False) -> Path:
    """A recording of `frames` such scenes; its folder."""
    return write_recording(dataset, name, [scene_frame(i, seed, landscape) for i in range(frames)])


def walked_recording(dataset: Path, name: str, frames: int = 50, seed: int = 0, step_m: float = 0.05) -> Path:
    """A recording of such scenes, ten a second, from a camera that moves by `step_m` from each to the next."""
    walk = [
        replace(scene_frame(i, seed), received_ns=i * 100_000_000, pose=Pose(position_m=(step_m * i, 0.0, 0.0)))
        for i in range(frames)
    ]
    return write_recording(dataset, name, walk)


class Training(NamedTuple):
    """A whole training: its configuration, and its events in order, as JSON objects."""

    config: TrainConfig
    events: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Training:
        """Read what `train_scenes` left in `folder`."""
        config = TrainConfig.from_json((folder / "train.json").read_text())
        return cls(config, json.loads((folder / "events.json").read_text()))


def train_scenes(folder: Path) -> None:
    """Train preset fast for a few epochs on two recordings: dataset/, weights/v1/ and the events, all in `folder`."""
    dataset, out = folder / "dataset", folder / "weights" / "v1"
    scene_recording(dataset, "first", 16, seed=1)
    scene_recording(dataset, "last", 6, seed=2)
    config = TrainConfig(data=(str(dataset),), out=str(out), seed=3, learning_rate=5e-3, **SMALL)
    events: list[dict[str, Any]] = []
    assert train(config, into(events)) == out
    (folder / "train.json").write_text(config.to_json())
    (folder / "events.json").write_text(json.dumps(events))
