"""A recording looked through from end to end: every file read and decoded, every frame held against the others."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.inspection.checksums import FileDamage, entries, read_files
from capture.inspection.continuity import Continuity
from capture.inspection.edge_agreement import SIZE, Agreement, agreement
from capture.inspection.findings import Finding
from capture.inspection.rgb_depth_match import Pairs
from capture.inspection.strict_jpeg import decode_strictly
from capture.jpeg import Jpeg
from capture.storage.encoding import decode_png
from capture.storage.layout import LOG_NAME, FrameLine, read_info

THREADS = min(os.cpu_count() or 1, 4)  # decoding and checksums run beside one another; more threads wait for the disk
AHEAD = 4 * THREADS  # frames in work or waiting to be taken
DAMAGE = {
    "line": (f"lines of {LOG_NAME} cannot be read", "Copy the recording again if there is another copy of it."),
    "file": (
        "files are missing, or are no longer what was recorded",
        "The disk or a program has changed them. Copy the recording again if there is another copy of it.",
    ),
    "picture": (
        "the pictures came damaged, and were recorded so: parts of them are grey, shifted or missing",
        "Look at them: lidarlive view --source. Many of them point to the cable, or to what they were imported from.",
    ),
    "depth": (
        "depth or confidence cannot be decoded, and was recorded so",
        "Whatever wrote this recording has a fault. Import or record it again.",
    ),
}


@dataclass(frozen=True)
class Examined:
    """What was found in one recording.

    damage      a line for each thing that is wrong, as the findings that are damage hold them too
    agreement   how far the edges of pictures and depth maps usually agree; None for too few frames
    untold      what could not be told, and why; empty where all could
    """

    findings: tuple[Finding, ...]
    damage: tuple[str, ...]
    frames: int
    agreement: float | None
    untold: str


@dataclass(frozen=True)
class _Look:
    faults: tuple[FileDamage, ...] = ()
    agreement: Agreement | None = None


def examine(path: Path, on_frame: Callable[[int], None] = lambda done: None) -> Examined:
    """Look through the recording at `path`, or what is left of it, with a few threads.

    `on_frame` is told how many frames are done. Raises LidarliveError where recording.json is taken away meanwhile.
    """
    faults: list[FileDamage] = []
    pairs, frames = Pairs(), 0
    continuity: Continuity | None = None
    for entry, look in _in_order(partial(_look, path), entries(path)):
        faults += look.faults
        if isinstance(entry, FrameLine):
            continuity = continuity or Continuity(read_info(path))
            continuity.add(entry)
            pairs.add(entry, look.agreement)
            frames += 1
            on_frame(frames)
    remarks = (*pairs.findings(), *continuity.findings()) if continuity else ()
    lines = tuple(fault.line for fault in faults)
    return Examined((*_damage(faults), *remarks), lines, frames, pairs.usual, pairs.untold)


def _look(path: Path, entry: FrameLine | FileDamage) -> _Look:
    """One frame read, decoded and compared with itself, by one of the threads."""
    if isinstance(entry, FileDamage):
        return _Look((entry,))
    files, faults = read_files(path, entry)
    decoded: dict[str, NDArray[Any]] = {}
    for kind, data in files.items():
        try:
            decoded[kind] = _DECODERS[kind](data, entry.files[kind].size)
        except ValueError as error:
            fault = "picture" if kind == "rgb" else "depth"
            faults.append(FileDamage(fault, entry.index, f"{entry.files[kind].path}: {error}"))
    if not {"rgb", "depth"} <= decoded.keys():
        return _Look(tuple(faults))
    return _Look(tuple(faults), agreement(decoded["rgb"], decoded["depth"].astype(np.float32) / np.float32(1000)))


def _picture(data: bytes, size: tuple[int, int]) -> NDArray[Any]:
    jpeg = Jpeg.checked(data)
    if jpeg.size != size:
        raise ValueError(f"must be {size}. Received: {jpeg.size}")
    return decode_strictly(data, SIZE)


def _depth(data: bytes, size: tuple[int, int]) -> NDArray[Any]:
    return decode_png(data, size, np.uint16)


def _confidence(data: bytes, size: tuple[int, int]) -> NDArray[Any]:
    levels = decode_png(data, size, np.uint8)
    if levels.max() > 2:
        raise ValueError(f"confidence must be 0, 1 or 2. Received: {levels.max()}")
    return levels


_DECODERS = {"rgb": _picture, "depth": _depth, "confidence": _confidence}


def _in_order(
    work: Callable[[FrameLine | FileDamage], _Look], items: Iterable[FrameLine | FileDamage]
) -> Iterator[tuple[FrameLine | FileDamage, _Look]]:
    """Each item with what `work` makes of it, in their order; AHEAD of them at most are begun and not yet taken."""
    with ThreadPoolExecutor(THREADS, "check") as pool:
        begun: deque[tuple[FrameLine | FileDamage, Future[_Look]]] = deque()
        for item in items:
            begun.append((item, pool.submit(work, item)))
            if len(begun) >= AHEAD:
                first, look = begun.popleft()
                yield first, look.result()
        for first, look in begun:
            yield first, look.result()


def _damage(faults: list[FileDamage]) -> Iterator[Finding]:
    """Faults of one kind as one finding; those of the recording as a whole speak for themselves."""
    for fault in faults:
        if fault.kind == "recording":
            yield Finding(fault.kind, True, (), fault.text)
    for kind, (what, advice) in DAMAGE.items():
        if found := [fault for fault in faults if fault.kind == kind]:
            numbers = sorted({fault.frame for fault in found if fault.frame is not None})
            yield Finding(kind, True, tuple(numbers), what, advice, tuple(fault.line for fault in found))
