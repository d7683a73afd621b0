"""Sums of two versions, champion and challenger, over one set of recordings; NumPy only.

Errors by metre are of `far`, which holds every reading that counts (confidence 1 or more, up to 10 m); single frames
are ranked by their RMSE in `near`, where the versions are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import BLOCK_NS, difference_intervals
from model.evaluation.evaluate import Judged, RangeSums, merge, no_sums
from model.evaluation.metrics import RANGES, Metrics, Sums, answered, report
from model.report import Difference, Figures, Measured, Metre, MetreErrors, PairedFigures, Shot

METRES = 10  # as far as `far` reaches, so many bins of a metre each
WORST = 3  # frames that are named: as many as the window has room for


@dataclass(frozen=True)
class _JudgedFrame:
    """A frame in which both versions have readings in `near`, and its block of half a second."""

    path: Path
    index: int
    block: int
    rmse_m: tuple[float, float]


class PairedTally:
    """Adds up frames, each judged for both versions: (champion's, challenger's)."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, int], tuple[RangeSums, RangeSums]] = {}
        self._metres = np.zeros((2, 3, METRES))
        self._frames: list[_JudgedFrame] = []

    def add(self, name: str, path: Path, index: int, since_start_ns: int, judged: tuple[Judged, Judged]) -> None:
        """Add frame `index` of the recording at `path`, which is called `name` in the result."""
        number = since_start_ns // BLOCK_NS
        block = self._blocks.setdefault((name, number), (no_sums(), no_sums()))
        for side, one in enumerate(judged):
            merge(block[side], one.sums)
            self._metres[side] += _by_metre(one)
        if all(one.sums["near"].frames for one in judged):
            first, second = (one.sums["near"].metrics().rmse_m for one in judged)
            self._frames.append(_JudgedFrame(path, index, number, (first, second)))

    def result(self) -> PairedFigures:
        """The figures of all frames added so far."""
        return PairedFigures(
            blocks=len(self._blocks),
            champion=self._figures(0),
            challenger=self._figures(1),
            differences={name: self._differences(name) for name in RANGES},
            by_metre=self._distances(),
        )

    def worst(self) -> list[Shot]:
        """The frames with the largest error of the challenger."""
        return self._extreme(lambda frame: frame.rmse_m[1])

    def lost(self) -> list[Shot]:
        """The frames in which it lost most against the champion; only those in which it lost."""
        return self._extreme(lambda frame: frame.rmse_m[1] - frame.rmse_m[0])

    def _figures(self, side: int) -> Measured:
        by_name: dict[str, RangeSums] = {}
        for (name, _), block in self._blocks.items():
            merge(by_name.setdefault(name, no_sums()), block[side])
        everything = no_sums()
        for sums in by_name.values():
            merge(everything, sums)
        return Measured({name: report(sums) for name, sums in by_name.items()}, report(everything))

    def _differences(self, span: str) -> dict[str, Difference]:
        champion, challenger = ([block[side][span] for block in self._blocks.values()] for side in (0, 1))
        intervals = difference_intervals(champion, challenger)
        before, after = _metrics(champion), _metrics(challenger)
        result: dict[str, Difference] = {}
        for name in Metrics.names():
            a, b = before[name], after[name]
            difference = None if a is None or b is None else b - a
            result[name] = Difference(difference, None if difference is None else intervals.get(name))
        return result

    def _distances(self) -> list[Metre]:
        result: list[Metre] = []
        for metre in np.flatnonzero(self._metres[:, 0].all(axis=0)):
            champion, challenger = (
                MetreErrors(float(np.sqrt(squared / count)), float(relative / count))
                for count, squared, relative in self._metres[:, :, metre]
            )
            share = float(self._metres[1, 0, metre] / self._metres[1, 0].sum())
            result.append(Metre(int(metre), share, champion, challenger))
        return result

    def _extreme(self, by: Callable[[_JudgedFrame], float]) -> list[Shot]:
        """The frames with the largest positive value of `by`; one a block, as its neighbours look the same."""
        best: dict[tuple[Path, int], _JudgedFrame] = {}
        for frame in self._frames:
            key = frame.path, frame.block
            if by(frame) > 0 and (key not in best or by(frame) > by(best[key])):
                best[key] = frame
        ranked = sorted(best.values(), key=by, reverse=True)[:WORST]
        return [Shot(str(frame.path), frame.index, *frame.rmse_m) for frame in ranked]


def _metrics(blocks: Sequence[Sums]) -> Figures:
    together = Sums()
    for block in blocks:
        together.merge(block)
    return together.metrics().to_dict()


def _by_metre(judged: Judged) -> NDArray[np.float64]:
    """(3, METRES): readings, squared error, relative error."""
    mask = judged.masks["far"]
    d = judged.depth_m[mask].astype(np.float64)
    error = np.abs(answered(judged.predicted_m)[mask] - d)
    metre = np.minimum(d.astype(np.int64), METRES - 1)
    return np.stack([np.bincount(metre, weights, METRES) for weights in (np.ones_like(d), error**2, error / d)])
