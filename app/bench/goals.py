"""A goal of a benchmark: a measured value beside its limit. A missed goal is a result, not an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["below", "above", "at most"]


@dataclass(frozen=True)
class Goal:
    """`measured` should be on that `side` of `limit`. A goal of a run that does not count is missed."""

    what: str
    measured: float
    side: Side
    limit: float
    unit: str = ""
    counts: bool = True

    @property
    def met(self) -> bool:
        within = {
            "below": self.measured < self.limit,
            "above": self.measured > self.limit,
            "at most": self.measured <= self.limit,
        }
        return self.counts and within[self.side]
