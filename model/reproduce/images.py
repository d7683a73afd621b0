"""Select the data of a reproduction: as many images as in the published run, split by frame at random as there.

    local recording   |--------- 200 images at random: train, validation, "random" ---------|---- "stretch" ----|
    other recordings  |-- "elsewhere" --|

Three tests, each farther from the training data: frames between training frames; a sixth of the same walk that is held
out whole; other rooms. The others show what the first hides.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from filelock import FileLock

from capture.errors import LidarliveError
from capture.paths import cache_folder
from capture.recording import Recording
from capture.room import VERSION, DemoRoom
from capture.storage.encoding import encode
from capture.storage.layout import LOG_NAME
from capture.storage.writer import RecordingWriter
from capture.virtual_phone.clips import RENDER_THREADS
from model.config import file_crc32
from model.data.batches import FrameRef, frames_of, spread
from model.data.split import label, open_recordings, split
from model.data.targets import is_landscape

SEED = 0
TRAIN, VALIDATION, TEST = 135, 15, 50  # images, as published
LEFT_OUT = 6  # one frame in so many, the last of the local recording, is not in the random split
LEAST_LOCAL = 12  # frames: fewer do not fill the three parts and the stretch

RANDOM, STRETCH, ELSEWHERE = "random", "stretch", "elsewhere"
ROOM_FRAMES = {0: DemoRoom.frames, 1: TEST // 2, 2: TEST // 2}  # by the room's seed; the first is the local one
ROOM_SIZE = (192, 256)  # (width, height) of picture and depth: twice what is trained at


@dataclass(frozen=True)
class Images:
    """The parts of the data; `tests` by name, without those that have no frames."""

    train: list[FrameRef]
    validation: list[FrameRef]
    tests: dict[str, list[FrameRef]]
    local: str  # the recording that is trained on
    elsewhere: list[str]
    notes: list[str]  # limits of the tests, in sentences
    fingerprint: list[str]  # recordings and checksums of their logs: the same data gives the same

    @property
    def counts(self) -> dict[str, int]:
        measured = {name: len(frames) for name, frames in self.tests.items()}
        return {"train": len(self.train), "validation": len(self.validation), **measured}


def choose(paths: Sequence[str | Path], most: int = TRAIN + VALIDATION + TEST) -> Images:
    """The images of the recordings at `paths`: the longest is the local one; at most `most` of it are split.

    Raises LidarliveError where there is no recording, the longest is too short, or others hold frames of it.
    """
    recordings = open_recordings(paths)
    local = max(recordings, key=len)
    if len(local) < LEAST_LOCAL:
        raise LidarliveError(f"{local.path} has {len(local)} frames; a reproduction needs {LEAST_LOCAL} or more")
    others = [r for r in recordings if r is not local]
    parts = split(recordings, [str(r.path) for r in others])  # raises where a recording is on both sides
    alike = [r for r in others if _landscape(r) is _landscape(local)]
    turned = [f"{label(r, recordings)} is of the other orientation and left out" for r in others if r not in alike]

    frames = frames_of([local])
    kept = len(frames) - len(frames) // LEFT_OUT
    drawn = [spread(frames[:kept], most)[i] for i in np.random.default_rng(SEED).permutation(min(kept, most))]
    validation = max(1, round(len(drawn) * VALIDATION / (TRAIN + VALIDATION + TEST)))
    train = round(len(drawn) * TRAIN / (TRAIN + VALIDATION + TEST))
    test = len(drawn) - train - validation
    tests = {
        RANDOM: sorted(drawn[train + validation :], key=lambda ref: ref.index),
        STRETCH: spread(frames[kept:], test),
        ELSEWHERE: spread(frames_of(alike), test),
    }
    return Images(
        drawn[:train],
        drawn[train : train + validation],
        {name: chosen for name, chosen in tests.items() if chosen},
        label(local, recordings),
        [label(r, recordings) for r in alike],
        [*parts.notes, *turned],
        [f"{label(r, recordings)} {file_crc32(r.path / LOG_NAME)}" for r in recordings],
    )


def demo_rooms(frames: Mapping[int, int] = ROOM_FRAMES) -> Path:
    """A dataset of demo rooms, with frames spread over the walk through each; rendered once, in about a minute.

    Raises LidarliveError where it cannot be written.
    """
    drawn = "-".join(f"{seed}x{count}" for seed, count in frames.items())
    dataset = cache_folder() / f"rooms-{VERSION}-{drawn}"
    try:
        dataset.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{dataset}.lock"):
            if not dataset.exists():
                with tempfile.TemporaryDirectory(dir=dataset.parent, prefix=".rooms-") as scratch:
                    for seed, count in frames.items():
                        _render(DemoRoom(seed), count, Path(scratch) / "rooms")
                    os.replace(Path(scratch) / "rooms", dataset)
    except OSError as error:
        raise LidarliveError(f"the demo rooms cannot be kept in {dataset.parent}: {error.strerror}") from error
    return dataset


def _render(room: DemoRoom, count: int, dataset: Path) -> None:
    walk = np.linspace(0, DemoRoom.frames, count, endpoint=False).astype(int)
    draw = partial(room.render, rgb_size=ROOM_SIZE, depth_size=ROOM_SIZE)
    # Without a hyphen: room-0 and room-1 would be two recordings of one visit (model/data/split.py).
    writer = RecordingWriter(dataset, f"room{room.seed}", source="demo")
    with writer, ThreadPoolExecutor(RENDER_THREADS) as pool:
        for frame in pool.map(draw, walk.tolist()):
            writer.append(encode(frame, None))


def _landscape(recording: Recording) -> bool:
    return is_landscape(recording.info.rgb_size)
