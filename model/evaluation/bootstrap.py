"""Confidence intervals of the difference between two versions, by a block bootstrap.

Frames are not independent: each is nearly the one before. So half a second of them is one block. As many blocks as
there are, drawn with replacement, the same for both versions, give one possible difference; the middle 95 % of a
thousand such are the interval (blocks side by side: Carlstein, "The Use of Subseries Values for Estimating the Variance
of a General Statistic from a Stationary Sequence", Annals of Statistics 1986; the idea with blocks that overlap:
Künsch, "The Jackknife and the Bootstrap for General Stationary Observations", Annals of Statistics 1989; the interval:
Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).

It holds for other seconds in the same scenes, not for other rooms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from model.evaluation.metrics import Metrics, Sums

BLOCK_NS = 500_000_000
LEAST_BLOCKS = 20  # 10 s: of fewer blocks, an interval would be narrower than it should be
DRAWS = 1000
SEED = 0
MIDDLE = (2.5, 97.5)  # percent

Interval = tuple[float, float]


def difference_intervals(champion: Sequence[Sums], challenger: Sequence[Sums]) -> dict[str, Interval]:
    """By metric, the interval of challenger minus champion in 95 % of the draws, from the sums of both in each block.

    Blocks without a reading for either are skipped. Empty where fewer than LEAST_BLOCKS remain; draws without a figure
    for a metric are skipped, and the metric where none has one.
    """
    both = [(a, b) for a, b in zip(champion, challenger, strict=True) if a.frames and b.frames]
    if len(both) < LEAST_BLOCKS:
        return {}
    counts = np.random.default_rng(SEED).multinomial(len(both), [1 / len(both)] * len(both), size=DRAWS)
    before, after = (_table(_drawn([pair[side] for pair in both], counts)) for side in (0, 1))
    intervals = {}
    for name, differences in zip(Metrics.names(), (after - before).T, strict=True):
        known = differences[np.isfinite(differences)]
        if known.size:
            low, high = np.percentile(known, MIDDLE)
            intervals[name] = (float(low), float(high))
    return intervals


def _drawn(blocks: Sequence[Sums], counts: NDArray[np.int64]) -> Iterator[Metrics]:
    """The metrics of each draw; counts (draws, blocks): how often each block is in it."""
    names = sorted({name for block in blocks for name in block.totals})
    totals = counts @ np.array([[block.totals.get(name, 0.0) for name in names] for block in blocks])
    frames = counts @ np.array([block.frames for block in blocks])
    ratios = np.array([ratio for block in blocks for ratio in block.ratios])
    block_of = np.repeat(np.arange(len(blocks)), [len(block.ratios) for block in blocks])
    for count, row, number in zip(counts, totals, frames, strict=True):
        drawn_ratios = np.repeat(ratios, count[block_of]).tolist()
        yield Sums(int(number), dict(zip(names, row.tolist(), strict=True)), drawn_ratios).metrics()


def _table(drawn: Iterator[Metrics]) -> NDArray[np.float64]:
    """(draws, metrics)"""
    return np.array([[getattr(metrics, name) for name in Metrics.names()] for metrics in drawn], np.float64)
