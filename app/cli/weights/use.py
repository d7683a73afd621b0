"""`lidarlive weights use`: activate a version of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from model import store


@dataclass(frozen=True)
class WeightsUseCommand:
    """Activate a version: predictions use it from now on."""

    version: Annotated[str, typer.Argument(help=f"name of a version, or `{store.STARTER}`")]


def run(options: WeightsUseCommand) -> int:
    """Activate the version. Raises LidarliveError if there is none of that name."""
    print(f"in use: {store.use(options.version).name}")
    return 0
