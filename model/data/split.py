"""Split recordings into those to train on and those held out: whole recordings, never single frames.

Neighbouring frames of one recording are nearly the same picture: a network tested on frames between its training frames
looks far better than it is. So whole recordings are held out; a split with the same picture or depth map on both sides
is an error, and one whose sides are probably the same scene gets a note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from capture.errors import LidarliveError
from capture.recording import Dataset, Recording

ONE_VISIT = timedelta(minutes=10)  # recordings of one name with a shorter pause between them count as one place
_CALLED = {"rgb": "picture", "depth": "depth map"}

Checksums = dict[tuple[str, str], int]  # kind of file and its CRC-32 -> the frame that has it


@dataclass(frozen=True)
class Split:
    """Recordings to train on and held-out ones; `notes` are limits of what the held-out ones can show, in sentences."""

    train: tuple[Recording, ...]
    held_out: tuple[Recording, ...]
    notes: tuple[str, ...] = ()


def open_recordings(paths: Sequence[str | Path]) -> list[Recording]:
    """Open every recording below `paths` that has frames, each once, sorted by folder name, which begins with its time.

    Raises LidarliveError where a path holds no recording.
    """
    by_path = {recording.path.resolve(): recording for path in paths for recording in Dataset(path)}
    return sorted((r for r in by_path.values() if len(r)), key=lambda r: (r.path.name, str(r.path)))


def label(recording: Recording, among: Sequence[Recording]) -> str:
    """Name of a recording in messages: its folder's, or the whole path where another of `among` has the same."""
    alone = sum(other.path.name == recording.path.name for other in among) <= 1
    return recording.path.name if alone else str(recording.path)


def split(recordings: Sequence[Recording], held_out: Sequence[str] | None) -> Split:
    """Hold out the recordings named, by folder, path or the name they were recorded under.

    None holds out the newest that shares no frame with the others, if there are two or more; () holds out nothing.

    Raises LidarliveError where no recording is left to train on, a name matches no recording, or the same picture or
    depth map is on both sides.
    """
    if not recordings:
        raise LidarliveError("There is nothing to train on: the recordings named have no frames")
    if held_out is None:
        return _newest_held_out(recordings)
    for name in held_out:
        if not any(_is_named(r, name) for r in recordings):
            known = ", ".join(r.path.name for r in recordings)
            raise LidarliveError(f"No recording is called {name}, so it cannot be held out. There are: {known}")
    held = tuple(r for r in recordings if any(_is_named(r, name) for name in held_out))
    train = tuple(r for r in recordings if r not in held)
    if not train:
        raise LidarliveError("Every recording is held out: nothing is left to train on. Name fewer, or record one more")
    if leak := _leak(train, held, _checksums_of(recordings) if held else {}):
        raise LidarliveError(f"{leak}, so the result would look better than it is. Leave one of the two out")
    return Split(train, held, _notes(train, held))


def _newest_held_out(recordings: Sequence[Recording]) -> Split:
    if len(recordings) > 1:
        checksums = _checksums_of(recordings)
        for newest in reversed(recordings):
            rest = tuple(r for r in recordings if r is not newest)
            if not _leak(rest, (newest,), checksums):
                return Split(rest, (newest,), _notes(rest, (newest,)))
    return Split(tuple(recordings), ())


def _leak(train: Sequence[Recording], held: Sequence[Recording], checksums: dict[Path, Checksums]) -> str:
    """Frames that are on both sides, as the beginning of a sentence; empty where there are none."""
    for b in held:
        for a in train:
            of_a, of_b = checksums[a.path], checksums[b.path]
            shared = sorted((of_b[key], of_a[key], key[0]) for key in of_a.keys() & of_b.keys())
            for j, i, kind in shared:
                if _are_equal(a, i, b, j, kind):
                    frames = len({frame for frame, _, _ in shared})
                    proof = f"the {_CALLED[kind]} of frame {j} is that of frame {i} there"
                    return f"Of the held-out {b.path}, {frames} of {len(b)} frames are in {a.path} too ({proof})"
    return ""


def _checksums_of(recordings: Sequence[Recording]) -> dict[Path, Checksums]:
    return {
        recording.path: {
            (kind, line.files[kind].crc32): i for i, line in enumerate(recording.lines()) for kind in _CALLED
        }
        for recording in recordings
    }


def _are_equal(a: Recording, i: int, b: Recording, j: int, kind: str) -> bool:
    """Whether the files are equal to the byte (some CRC-32 of long recordings agree by chance) and not blank.

    A depth map without a reading, or a picture of one colour, identifies no place.
    """
    line = a.line(i)
    if a.file_bytes(line, kind) != b.file_bytes(b.line(j), kind):
        return False
    return bool(np.ptp(a.rgb(line, reduced=8) if kind == "rgb" else a.depth_m(line)))


def _notes(train: Sequence[Recording], held: Sequence[Recording]) -> tuple[str, ...]:
    return tuple(
        f"{label(b, (*train, *held))} is probably the same scene as {label(a, (*train, *held))}, which is trained on: "
        "it shows little about other rooms"
        for b in held
        for a in train
        if _same_visit(a, b)
    )


def _same_visit(a: Recording, b: Recording) -> bool:
    """Whether their names differ only in a number at the end, such as desk-1 and desk-2, without a long pause between.

    The parts of a recording that was split, as after a change of size, are named so and follow one another at once.
    """
    if _without_number(a) != _without_number(b):
        return False
    first, second = sorted([(_began(a), a.seconds), (_began(b), b.seconds)])
    return second[0] - first[0] < timedelta(seconds=first[1]) + ONE_VISIT


def _without_number(recording: Recording) -> str:
    return re.sub(r"-\d+$", "", recording.info.name)


def _began(recording: Recording) -> datetime:
    """Time of its start or import. A time that cannot be parsed counts as long ago."""
    try:
        began = datetime.fromisoformat(recording.info.created_utc)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return began if began.tzinfo else began.replace(tzinfo=UTC)


def _is_named(recording: Recording, name: str) -> bool:
    return name in (recording.path.name, recording.info.name) or Path(name).resolve() == recording.path.resolve()
