"""What two versions, champion and challenger, add up to on one set of recordings; NumPy only.

All of it is plain JSON. `far` holds every reading that counts (confidence 1 or more, up to 10 m), so distances are told
apart in it; single frames are told apart by their RMSE in `near`, which is where the versions are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from model.evaluation.bootstrap import BLOCK_NS, difference_intervals
from model.evaluation.evaluate import Judged, RangeSums, merge, no_sums
from model.evaluation.metrics import RANGES, Metrics, Sums, answered, report

METRES = 10  # as far as `far` reaches, so many bins of a metre each
WORST = 3  # frames that are named: as many as a window can show side by side


class Difference(TypedDict):
    """Challenger minus champion; None where one has no figure. `interval`: low and high, see bootstrap.py."""

    difference: float | None
    interval: list[float] | None  # None under 10 s of data


class Metre(TypedDict):
    """Readings from `from_m` to a metre farther: `share` of all, and by version {"rmse_m", "abs_rel"}."""

    from_m: int
    share: float
    champion: dict[str, float]
    challenger: dict[str, float]


class Shot(TypedDict):
    """One frame, `index` in the recording at this path, and the RMSE of both in metres, in `near`."""

    recording: str
    index: int
    champion_rmse_m: float
    challenger_rmse_m: float


class DataSet(TypedDict):
    """`champion` and `challenger` are as `evaluate` has them: {"recordings": {name: {"near", "far"}}, "all"}."""

    blocks: int  # half seconds that frames were looked at in
    champion: dict[str, Any]
    challenger: dict[str, Any]
    differences: dict[str, dict[str, Difference]]  # by range, by metric
    by_metre: list[Metre]  # those with readings


@dataclass(frozen=True)
class _Seen:
    """A frame in which both have readings to be judged by, and the block it stands in."""

    path: Path
    index: int
    block: int
    rmse_m: tuple[float, float]


class Tally:
    """Takes frames one by one, each judged for both versions: (champion's, challenger's)."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, int], tuple[RangeSums, RangeSums]] = {}
        self._metres = np.zeros((2, 3, METRES))
        self._seen: list[_Seen] = []

    def add(self, name: str, path: Path, index: int, since_start_ns: int, judged: tuple[Judged, Judged]) -> None:
        """Frame `index` of the recording at `path`, which is called `name` in what comes out."""
        number = since_start_ns // BLOCK_NS
        block = self._blocks.setdefault((name, number), (no_sums(), no_sums()))
        for side, one in enumerate(judged):
            merge(block[side], one.sums)
            self._metres[side] += _by_metre(one)
        if all(one.sums["near"].frames for one in judged):
            first, second = (one.sums["near"].metrics().rmse_m for one in judged)
            self._seen.append(_Seen(path, index, number, (first, second)))

    def result(self) -> DataSet:
        return {
            "blocks": len(self._blocks),
            "champion": self._figures(0),
            "challenger": self._figures(1),
            "differences": {name: self._differences(name) for name in RANGES},
            "by_metre": self._distances(),
        }

    def worst(self) -> list[Shot]:
        """Where the challenger is farthest off."""
        return self._extreme(lambda seen: seen.rmse_m[1])

    def lost(self) -> list[Shot]:
        """Where it lost most against the champion; only frames in which it lost."""
        return self._extreme(lambda seen: seen.rmse_m[1] - seen.rmse_m[0])

    def _figures(self, side: int) -> dict[str, Any]:
        by_name: dict[str, RangeSums] = {}
        for (name, _), block in self._blocks.items():
            merge(by_name.setdefault(name, no_sums()), block[side])
        everything = no_sums()
        for sums in by_name.values():
            merge(everything, sums)
        return {"recordings": {name: report(sums) for name, sums in by_name.items()}, "all": report(everything)}

    def _differences(self, span: str) -> dict[str, Difference]:
        champion, challenger = ([block[side][span] for block in self._blocks.values()] for side in (0, 1))
        intervals = difference_intervals(champion, challenger)
        before, after = _metrics(champion), _metrics(challenger)
        result: dict[str, Difference] = {}
        for name in Metrics.names():
            a, b = before[name], after[name]
            difference = None if a is None or b is None else b - a
            known = difference is not None and name in intervals
            result[name] = {"difference": difference, "interval": list(intervals[name]) if known else None}
        return result

    def _distances(self) -> list[Metre]:
        result: list[Metre] = []
        for metre in np.flatnonzero(self._metres[:, 0].all(axis=0)):
            champion, challenger = (
                {"rmse_m": float(np.sqrt(squared / count)), "abs_rel": float(relative / count)}
                for count, squared, relative in self._metres[:, :, metre]
            )
            share = float(self._metres[1, 0, metre] / self._metres[1, 0].sum())
            result.append({"from_m": int(metre), "share": share, "champion": champion, "challenger": challenger})
        return result

    def _extreme(self, by: Callable[[_Seen], float]) -> list[Shot]:
        """The frames with most of it, where it is more than nothing; one a block, for its neighbours look the same."""
        most: dict[tuple[Path, int], _Seen] = {}
        for seen in self._seen:
            key = seen.path, seen.block
            if by(seen) > 0 and (key not in most or by(seen) > by(most[key])):
                most[key] = seen
        return [
            {
                "recording": str(seen.path),
                "index": seen.index,
                "champion_rmse_m": seen.rmse_m[0],
                "challenger_rmse_m": seen.rmse_m[1],
            }
            for seen in sorted(most.values(), key=by, reverse=True)[:WORST]
        ]


def _metrics(blocks: Sequence[Sums]) -> dict[str, float | int | None]:
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
