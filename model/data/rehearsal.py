"""Rooms to rehearse: networks that continue training on one scene alone forget all others.

Half of their training frames are therefore what they were trained on before (rehearsal: Robins, "Catastrophic
Forgetting, Rehearsal and Pseudorehearsal", Connection Science 1995). Real recordings cannot be distributed with the
program; the demo room, with other seeds than in the window, is rendered once on each computer and kept in the user's
cache.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from filelock import FileLock

from capture.errors import LidarliveError
from capture.paths import CACHE_VARIABLE, cache_folder
from capture.recording import Recording
from capture.room import VERSION, DemoRoom
from capture.storage.encoding import encode
from capture.storage.writer import RecordingWriter

SEEDS = range(1, 13)  # the starter knows them; the window shows 0
UNSEEN_SEEDS = range(101, 103)  # never trained on, to measure forgetting
FRAMES = 12  # of each room, evenly over its walk
RGB_SIZE = (360, 480)  # (width, height): a little more than the input of the networks
THREADS = 2  # NumPy and OpenCV leave most of the time for two threads

OnProgress = Callable[[int, int], None]  # rooms done, rooms in all


def rooms(on_progress: OnProgress = lambda done, total: None) -> list[Recording]:
    """The rooms to rehearse as recordings; renders those that are not in the cache, 8 processor seconds each.

    Raises LidarliveError where the cache cannot be written.
    """
    return _kept(SEEDS, on_progress)


def unseen_rooms(on_progress: OnProgress = lambda done, total: None) -> list[Recording]:
    """The rooms to measure forgetting on, likewise."""
    return _kept(UNSEEN_SEEDS, on_progress)


def _kept(seeds: Sequence[int], on_progress: OnProgress) -> list[Recording]:
    folder = cache_folder() / f"rehearsal-{VERSION}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):  # of two concurrent trainings, one renders
            missing = [seed for seed in seeds if not _is_whole(folder / _name(seed))]
            with ThreadPoolExecutor(THREADS, "room") as pool:
                for done, _ in enumerate(pool.map(lambda seed: _render(seed, folder), missing), start=1):
                    on_progress(done, len(missing))
        return [Recording(folder / _name(seed)) for seed in seeds]
    except OSError as error:
        raise LidarliveError(
            f"the rendered rooms cannot be kept in {folder} ({error.strerror or error}). "
            f"Free some space, or set {CACHE_VARIABLE} to another folder"
        ) from None


def missing() -> int:
    """Number of rooms that are not rendered yet."""
    return sum(not _is_whole(cache_folder() / f"rehearsal-{VERSION}" / _name(seed)) for seed in SEEDS)


def _name(seed: int) -> str:
    return f"room-{seed:02}"


def _is_whole(folder: Path) -> bool:
    try:
        return len(Recording(folder)) == FRAMES
    except LidarliveError:
        return False


def _render(seed: int, folder: Path) -> None:
    """Render a room; its recording appears under its name once it is whole."""
    room, work = DemoRoom(seed), folder / f".{_name(seed)}"
    shutil.rmtree(work, ignore_errors=True)
    with RecordingWriter(work, _name(seed), source="demo room") as writer:
        for i in range(0, room.frames, room.frames // FRAMES):
            writer.append(encode(room.render(i, RGB_SIZE), None))
    assert writer.path is not None
    shutil.rmtree(folder / _name(seed), ignore_errors=True)  # left by a crash
    os.replace(writer.path, folder / _name(seed))
    work.rmdir()
