"""Examine a whole recording: read and decode every file, compare every frame with the others."""

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

from capture.geometry.room_depth import DepthReadings, unit_doubt
from capture.inspection.checksums import FileDamage, entries, read_files
from capture.inspection.continuity import Continuity
from capture.inspection.edge_agreement import SIZE, Agreement, agreement
from capture.inspection.findings import Finding
from capture.inspection.lost_poses import LostPoses
from capture.inspection.rgb_depth_match import PairChecker
from capture.inspection.strict_jpeg import decode_strictly
from capture.jpeg import Jpeg
from capture.storage.encoding import decode_png
from capture.storage.layout import LOG_NAME, FrameLine, read_info

THREADS = min(os.cpu_count() or 1, 4)  # decoding and checksums run in parallel; more threads would wait for the disk
AHEAD = 4 * THREADS  # frames being examined or done and not yet collected
DAMAGE = {
    "line": (f"lines of {LOG_NAME} cannot be read", "Copy the recording again if there is another copy of it."),
    "file": (
        "files are missing, or are no longer what was recorded",
        "The disk or a program has changed them. Copy the recording again if there is another copy of it.",
    ),
    "picture": (
        "the pictures arrived damaged and were recorded that way: parts are grey, shifted or missing",
        "View them: lidarlive view --source. If there are many, suspect the cable or the imported data.",
    ),
    "depth": (
        "depth or confidence cannot be decoded, and was recorded that way",
        "The program that wrote this recording has a fault. Import or record it again.",
    ),
}


@dataclass(frozen=True)
class Examined:
    """Result of examining one recording.

    damage        one line for each damage; the damage findings have the same lines as details
    agreement     median agreement of the edges of pictures and depth maps; None for too few frames
    undetermined  what could not be checked, and why; usually empty
    """

    findings: tuple[Finding, ...]
    damage: tuple[str, ...]
    frames: int
    agreement: float | None
    undetermined: str


@dataclass(frozen=True)
class _Look:
    faults: tuple[FileDamage, ...] = ()
    agreement: Agreement | None = None
    depth_mm: NDArray[np.uint16] | None = None


def examine(path: Path, on_frame: Callable[[int], None] = lambda done: None) -> Examined:
    """Examine the recording at `path`, or what a crash left of it, with a few threads.

    `on_frame` is called with the number of frames done. Raises LidarliveError if recording.json disappears meanwhile.
    """
    faults: list[FileDamage] = []
    match, poses, frames = PairChecker(), LostPoses(), 0
    continuity: Continuity | None = None
    readings = DepthReadings()
    for entry, look in _in_order(partial(_look, path), entries(path)):
        faults += look.faults
        if isinstance(entry, FrameLine):
            continuity = continuity or Continuity(read_info(path))
            continuity.add(entry)
            match.add(entry, look.agreement)
            poses.add(entry)
            if look.depth_mm is not None:
                readings.add(look.depth_mm)
            frames += 1
            on_frame(frames)
    remarks = (*match.findings(), *continuity.findings(), *poses.findings()) if continuity else ()
    remarks += tuple(_doubt_unit(path, readings)) if frames else ()
    lines = tuple(fault.line for fault in faults)
    return Examined((*_damage(faults), *remarks), lines, frames, match.usual, match.undetermined)


def _doubt_unit(path: Path, readings: DepthReadings) -> Iterator[Finding]:
    """Yield a remark if the unit that an import assumed for the depth is probably wrong."""
    scale = read_info(path).depth_scale
    if scale is not None and (doubt := unit_doubt(readings.near_far_m(), scale)):
        yield Finding("depth_unit", False, (), doubt)


def _look(path: Path, entry: FrameLine | FileDamage) -> _Look:
    """Read and decode one frame, and compare its picture with its depth; runs in one of the threads."""
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
    depth_m = decoded["depth"].astype(np.float32) / np.float32(1000)
    return _Look(tuple(faults), agreement(decoded["rgb"], depth_m), decoded["depth"])


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
    """Yield each item with the result of `work`, in order; at most AHEAD of them are in progress."""
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
    """Merge the faults of one kind to one finding; each fault of the recording as a whole is a finding of its own."""
    for fault in faults:
        if fault.kind == "recording":
            yield Finding(fault.kind, True, (), fault.text)
    for kind, (what, advice) in DAMAGE.items():
        if same_kind := [fault for fault in faults if fault.kind == kind]:
            numbers = sorted({fault.frame for fault in same_kind if fault.frame is not None})
            yield Finding(kind, True, tuple(numbers), what, advice, tuple(fault.line for fault in same_kind))
