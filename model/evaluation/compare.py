"""Compare two weights versions, champion and challenger, on the same frames; without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from capture.errors import LidarliveError
from capture.recording import Recording
from model.data.split import label, open_recordings
from model.evaluation.bootstrap import BLOCK_NS, LEAST_BLOCKS
from model.evaluation.evaluate import Judge, OnProgress, Shown, chosen
from model.evaluation.lineage import Seen, seen_by
from model.evaluation.paired_sums import PairedTally
from model.evaluation.verdict import decide, has_interval
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
    from_frame: int = 0,
) -> VersionComparison:
    """Measure both versions on the recordings of `datasets`, and on `rooms`, which show what was forgotten.

    `most_frames` limits the frames of each recording, as in `evaluate`, and so does `from_frame` those of `datasets`.
    `on_progress` counts frames.
    `named` is the folder that the result gives for the challenger, where it will be moved there.

    Raises LidarliveError where the data or the weights cannot be read.
    """
    recordings = open_recordings(datasets)
    if not recordings:
        raise LidarliveError("The recordings named have no frames to compare on")
    two = Predictor(champion), Predictor(challenger)
    sides = ((recordings, from_frame), (rooms, 0))
    total, done = sum(len(chosen(len(r), most_frames, first)) for among, first in sides for r in among), 0

    def measure(among: Sequence[Recording], first: int) -> PairedTally:
        nonlocal done
        tally = PairedTally()
        for _ in _add_all(tally, among, two, most_frames, first):
            done += 1
            on_progress(done, total)
        return tally

    tally = measure(recordings, from_frame)
    measured = tally.result()
    of_rooms = measure(rooms, 0).result() if rooms else None
    seen = [seen_by(predictor.folder, recordings, from_frame) for predictor in two]
    notes = _notes(two, seen)
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
        verdict=decide(measured, of_rooms, bool(seen[1].trained), bool(seen[1].same_walk)),
        same_walk=bool(seen[1].same_walk),
    )


def _add_all(
    tally: PairedTally, recordings: Sequence[Recording], two: Two, most_frames: int | None, first: int
) -> Iterator[None]:
    """Measure the frames one by one, yielding after each."""
    for recording in recordings:
        name, start_ns = label(recording, recordings), recording.line(0).received_ns
        judges = Judge(two[0]), Judge(two[1])
        for i in chosen(len(recording), most_frames, first):
            shown = Shown.read(recording, i)
            judged = judges[0](shown), judges[1](shown)
            tally.add(name, recording.path, i, shown.line.received_ns - start_ns, judged)
            yield


def _notes(two: Two, seen: Sequence[Seen]) -> list[str]:
    """Limits of the comparison, in sentences."""
    notes = [
        note for who, each in zip(("champion", "challenger"), seen, strict=True) for note in each.notes(f"The {who}")
    ]
    sizes = [predictor.config.size for predictor in two]
    if sizes[0] != sizes[1]:
        both = " and ".join(f"{width}x{height}" for width, height in sizes)
        notes.append(f"They predict at {both}: their edges and boundaries cannot be compared")
    return notes
