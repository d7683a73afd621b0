"""`lidarlive weights rollback`: return to the version that was active before."""

from __future__ import annotations

from dataclasses import dataclass

from model import store


@dataclass(frozen=True)
class WeightsRollbackCommand:
    """Return to the version that was active before."""


def run(options: WeightsRollbackCommand) -> int:
    """Activate the previous version. Raises LidarliveError if there is none."""
    print(f"in use: {store.rollback().name}")
    return 0
