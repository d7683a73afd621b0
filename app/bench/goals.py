"""A goal of a benchmark: what was measured beside what it should come to. A miss is a result, not an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    what: str
    measured: float
    side: str  # "below" | "above"
    limit: float

    @property
    def met(self) -> bool:
        return self.measured < self.limit if self.side == "below" else self.measured > self.limit
