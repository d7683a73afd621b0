"""Events of a job in a test, as the JSON objects that travel to its parent."""

from __future__ import annotations

import json
from typing import Any

from model.events import Event, OnEvent, encode


def as_json(event: Event) -> dict[str, Any]:
    """What the parent of a job parses."""
    document: dict[str, Any] = json.loads(encode(event))
    return document


def into(events: list[dict[str, Any]]) -> OnEvent:
    """Append each event to the list."""
    return lambda event: events.append(as_json(event))
