"""Compare two weights versions, champion and challenger, on the same frames; without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from capture.errors import LidarliveError
from capture.recording import Recording
from model.data.split import label, open_recordings
from model.evaluation.bootstrap import BLOCK_NS, LEAST_BLOCKS
from model.evaluation.evaluate import Judge, OnProgress, Shown, chosen
from model.evaluation.paired_sums import PairedTally
from model.evaluation.verdict import decide, has_interval, trained_on
from model.predictor import Predictor
from model.report import VersionComparison

Two = tuple[Predictor, Predictor]


def compare(
    champion: Path,
    challenger: Path,
    datasets: Sequence[str | Path],
    on_progress: OnProgress = lambda done, total: None,
    most_frames: int | None = None,
    rooms: Sequence[Recording] = (),
    named: str | None = None,
) -> VersionComparison:
    """Measure both versions on the recordings of `datasets`, and on `rooms`, which show what was forgotten.

    `most_frames` limits the frames of each recording, as in `evaluate`. `on_progress` counts frames.
    `named` is the folder that the result gives for the challenger, where it will be moved there.

    Raises LidarliveError where the data or the weights cannot be read.
    """
    recordings = open_recordings(datasets)
    if not recordings:
        raise LidarliveError("The recordings named have no frames to compare on")
    two = Predictor(champion), Predictor(challenger)
    total, done = sum(len(chosen(len(r), most_frames)) for r in (*recordings, *rooms)), 0

    def measure(among: Sequence[Recording]) -> PairedTally:
        nonlocal done
        tally = PairedTally()
        for _ in _add_all(tally, among, two, most_frames):
            done += 1
            on_progress(done, total)
        return tally

    tally = measure(recordings)
    measured = tally.result()
    of_rooms = measure(rooms).result() if rooms else None
    notes, trained_on_them = _fairness(two, recordings)
    if not has_interval(measured):
        least_s = LEAST_BLOCKS * BLOCK_NS / 1e9
        notes.append(f"Under {least_s:.0f} s of data with confident readings: how much of it is chance is not known")
    return VersionComparison(
        champion=str(champion),
        challenger=named or str(challenger),
        recordings=measured,
        rooms=of_rooms,
        worst=tally.worst(),
        lost=tally.lost(),
        notes=notes,
        verdict=decide(measured, of_rooms, trained_on_them),
    )


def _add_all(tally: PairedTally, recordings: Sequence[Recording], two: Two, most_frames: int | None) -> Iterator[None]:
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
    """Limits of the comparison, in sentences; and whether the challenger was trained on any of the recordings."""
    notes, trained_on_them = [], False
    for which, predictor in zip(("champion", "challenger"), two, strict=True):
        trained, gone = trained_on(predictor.folder, recordings)
        if trained:
            names = ", ".join(label(recording, recordings) for recording in trained)
            notes.append(f"The {which} was trained on {names}, and looks better there than it is")
            trained_on_them |= which == "challenger"
        notes += [
            f"The {which} continued from {name}, which is gone: what that was trained on is unknown" for name in gone
        ]
    sizes = [predictor.config.size for predictor in two]
    if sizes[0] != sizes[1]:
        both = " and ".join(f"{width}x{height}" for width, height in sizes)
        notes.append(f"They predict at {both}: their edges and boundaries cannot be compared")
    return notes, trained_on_them
