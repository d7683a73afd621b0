"""Order names with numbers as people do."""

from __future__ import annotations

import re


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Return a sort key that orders numbers within names by value: frame2 before frame10."""
    parts: list[str | int] = list(re.split(r"([0-9]+)", name))
    parts[1::2] = map(int, parts[1::2])
    return parts, name
