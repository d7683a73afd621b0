"""Put counts into words for messages."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count and its noun: `1 frame`, `0 frames`, `2 frames`; `plural` if it is not the noun and an s."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def verb(count: int, one: str, several: str) -> str:
    """Return the verb that fits a count: `verb(1, "has", "have")` is `has`."""
    return one if count == 1 else several
