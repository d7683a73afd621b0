"""Champion against challenger: two weights versions on the same frames; through the Predictor, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from capture.errors import LidarliveError
from capture.recording import Recording
from model.data.split import label, open_recordings
from model.evaluation.bootstrap import BLOCK_NS, LEAST_BLOCKS
from model.evaluation.evaluate import Judge, OnProgress, Shown, chosen
from model.evaluation.paired_sums import DataSet, Shot, Tally
from model.evaluation.verdict import Verdict, decide, has_interval, trained_on
from model.predictor import Predictor

Two = tuple[Predictor, Predictor]


class VersionComparison(TypedDict):
    """Plain JSON: what was compared, on what, and what came of it."""

    champion: str  # the versions' folders
    challenger: str
    recordings: DataSet
    rooms: DataSet | None  # rendered ones that neither was trained on, where they were asked for
    worst: list[Shot]  # of the recordings: where the challenger is farthest off
    lost: list[Shot]  # and where it lost most against the champion
    notes: list[str]  # what to know of these figures, sentences
    verdict: Verdict


def compare(
    champion: Path,
    challenger: Path,
    datasets: Sequence[str | Path],
    on_progress: OnProgress = lambda done, total: None,
    most_frames: int | None = None,
    rooms: Sequence[Recording] = (),
) -> VersionComparison:
    """Both versions on the recordings of `datasets`, and on `rooms`, where forgetting shows.

    `most_frames` looks at no more than so many of each recording, as `evaluate` does. `on_progress` counts frames.

    Raises LidarliveError where the data or the weights cannot be read.
    """
    recordings = open_recordings(datasets)
    if not recordings:
        raise LidarliveError("The recordings named have no frames to compare on")
    two = Predictor(champion), Predictor(challenger)
    total, done = sum(len(chosen(len(r), most_frames)) for r in (*recordings, *rooms)), 0

    def looked_at(tally: Tally, among: Sequence[Recording]) -> Tally:
        nonlocal done
        for _ in _add_all(tally, among, two, most_frames):
            done += 1
            on_progress(done, total)
        return tally

    tally = looked_at(Tally(), recordings)
    measured = tally.result()
    of_rooms = looked_at(Tally(), rooms).result() if rooms else None
    notes, knew_them = _fairness(two, recordings)
    if not has_interval(measured):
        least_s = LEAST_BLOCKS * BLOCK_NS / 1e9
        notes.append(f"Under {least_s:.0f} s of data with confident readings: how much of it is chance is not known")
    return {
        "champion": str(champion),
        "challenger": str(challenger),
        "recordings": measured,
        "rooms": of_rooms,
        "worst": tally.worst(),
        "lost": tally.lost(),
        "notes": notes,
        "verdict": decide(measured, of_rooms, knew_them),
    }


def _add_all(tally: Tally, recordings: Sequence[Recording], two: Two, most_frames: int | None) -> Iterator[None]:
    """Measure the frames one by one, yielding after each."""
    for recording in recordings:
        name, start_ns = label(recording, recordings), recording.line(0).received_ns
        judges = Judge(two[0]), Judge(two[1])
        for i in chosen(len(recording), most_frames):
            shown = Shown.read(recording, i)
            judged = judges[0](shown), judges[1](shown)
            tally.add(name, recording.path, i, shown.line.received_ns - start_ns, judged)
            yield


def _fairness(two: Two, recordings: Sequence[Recording]) -> tuple[list[str], bool]:
    """What makes the comparison less than fair, in sentences; and whether the challenger was trained on any of it."""
    notes, knew_them = [], False
    for which, predictor in zip(("champion", "challenger"), two, strict=True):
        known, gone = trained_on(predictor.folder, recordings)
        if known:
            names = ", ".join(label(recording, recordings) for recording in known)
            notes.append(f"The {which} was trained on {names}, and looks better there than it is")
            knew_them |= which == "challenger"
        notes += [
            f"The {which} went on from {name}, which is gone: what that was trained on is unknown" for name in gone
        ]
    sizes = [predictor.config.size for predictor in two]
    if sizes[0] != sizes[1]:
        said = " and ".join(f"{width}x{height}" for width, height in sizes)
        notes.append(f"They answer at {said}: their edges and boundaries cannot be compared")
    return notes, knew_them
