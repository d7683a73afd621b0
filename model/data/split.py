"""Split recordings into those to train on and those held out: whole recordings, never single frames.

Neighbouring frames of one recording are nearly the same picture: a network tested on frames between its training frames
looks far better than it is. So whole recordings are held out; a split with the same picture or depth map on both sides
is an error, and one whose sides are probably the same scene gets a note. Where there is only one recording, its last
fifth can be held out instead (last_fifth.py), which is labelled wherever its figures are shown.
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
from model.data.batches import FrameRef, frames_of
from model.data.last_fifth import LastFifth, divide
from model.report import SAME_WALK

ONE_VISIT = timedelta(minutes=10)  # recordings of one name with a shorter pause between them count as one place
NONE_ALONE = (
    "Each recording has frames of another one, so none can be held out: record another walk, or train on one alone, "
    "which is then judged on its last fifth"
)
_CALLED = {"rgb": "picture", "depth": "depth map"}

Checksums = dict[tuple[str, str], int]  # kind of file and its CRC-32 -> the frame that has it


class LeakError(LidarliveError):
    """The same picture or depth map is trained on and judged on."""


@dataclass(frozen=True)
class Split:
    """Recordings to train on and held-out ones; `notes` are limits of what the held-out ones can show, in sentences.

    `divided`: both are the same recording, which is judged on its last fifth. Its frames are in `train_frames` and
    `held_out_frames`.
    """

    train: tuple[Recording, ...]
    held_out: tuple[Recording, ...]
    notes: tuple[str, ...] = ()
    divided: LastFifth | None = None

    @property
    def train_frames(self) -> list[FrameRef]:
        return _frames(self.train, None if self.divided is None else self.divided.train)

    @property
    def held_out_frames(self) -> list[FrameRef]:
        return _frames(self.held_out, None if self.divided is None else self.divided.held_out)

    @property
    def validates(self) -> bool:
        """Whether whole recordings are held out."""
        return bool(self.held_out) and self.divided is None


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


def split(recordings: Sequence[Recording], held_out: Sequence[str] | None, last_fifth: bool | None = False) -> Split:
    """Hold out the recordings named, by folder, path or the name they were recorded under.

    None holds out the newest that shares no frame with the others, if there are two or more; () holds out nothing.
    `last_fifth` holds out that of the only recording; None does so where nothing was named and it can be divided.

    Raises LidarliveError where no recording is left to train on, a name matches no recording, the same picture or
    depth map is on both sides, or the last fifth of several recordings or of one that cannot be divided is wanted.
    """
    if not recordings:
        raise LidarliveError("There is nothing to train on: the recordings named have no frames")
    if last_fifth:
        return _last_fifth_held_out(recordings, held_out)
    if last_fifth is None and held_out is None and len(recordings) == 1:
        try:
            return _last_fifth_held_out(recordings, held_out)
        except LidarliveError as error:
            return Split(tuple(recordings), (), (str(error),))
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
        raise LeakError(
            f"{leak}, so the result would look better than it is. Leave one of the two out, record another walk, or "
            "train on one alone and judge on its last fifth"
        )
    return Split(train, held, _notes(train, held))


def last_fifth_of(recordings: Sequence[Recording]) -> Recording | None:
    """The longest recording that can be judged on its own last fifth; None where there is none."""
    for recording in sorted(recordings, key=len, reverse=True):
        try:
            divide(list(recording.lines()))
        except LidarliveError:
            continue
        return recording
    return None


def _last_fifth_held_out(recordings: Sequence[Recording], held_out: Sequence[str] | None) -> Split:
    if held_out:
        raise LidarliveError("Either a recording is held out, or the last fifth of the only one: choose one of the two")
    if len(recordings) > 1:
        names = ", ".join(label(recording, recordings) for recording in recordings)
        raise LidarliveError(f"The last fifth is that of a single recording: name one. Received: {names}")
    (recording,) = recordings
    try:
        divided = divide(list(recording.lines()))
    except LidarliveError as error:
        raise LidarliveError(f"{recording.path.name} cannot be judged on its last fifth. {error}") from None
    note = f"{recording.path.name} is judged on its own last fifth ({SAME_WALK})"
    return Split((recording,), (recording,), (note,), divided)


def _frames(recordings: Sequence[Recording], only: Sequence[int] | None) -> list[FrameRef]:
    return frames_of(recordings) if only is None else [FrameRef(each, i) for each in recordings for i in only]


def _newest_held_out(recordings: Sequence[Recording]) -> Split:
    if len(recordings) > 1:
        checksums = _checksums_of(recordings)
        for newest in reversed(recordings):
            rest = tuple(r for r in recordings if r is not newest)
            if not _leak(rest, (newest,), checksums):
                return Split(rest, (newest,), _notes(rest, (newest,)))
        return Split(tuple(recordings), (), (NONE_ALONE,))
    return Split(tuple(recordings), ())


def _leak(train: Sequence[Recording], held: Sequence[Recording], checksums: dict[Path, Checksums]) -> str:
    """Frames that are on both sides, as the beginning of a sentence; empty where there are none."""
    everything = (*train, *held)
    for b in held:
        for a in train:
            of_a, of_b = checksums[a.path], checksums[b.path]
            shared = sorted((of_b[key], of_a[key], key[0]) for key in of_a.keys() & of_b.keys())
            for j, i, kind in shared:
                if _are_equal(a, i, b, j, kind):
                    frames = len({frame for frame, _, _ in shared})
                    proof = f"the {_CALLED[kind]} of frame {j} is that of frame {i} there"
                    names = label(b, everything), label(a, everything)
                    return f"Of the held-out {names[0]}, {frames} of {len(b)} frames are in {names[1]} too ({proof})"
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
