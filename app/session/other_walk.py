"""Where to record a second walk, so that it shares no frame with those that are there."""

from __future__ import annotations

from collections.abc import Sequence

from capture.sources.opening import DEMO_WALKS, demo_walk


def other_walk(recorded: Sequence[str], current: str, is_played: bool) -> str:
    """Return the spec of the source to change to; empty where the current one will do.

    recorded   labels of the sources of the recordings that are there
    current    label of the session's source
    is_played  it plays a recording

    A walk through the demo room repeats every 8 s: of that another one is needed. A person with a phone walks on.
    """
    known = {demo_walk(label) for label in recorded} - {""}
    if not known or not (is_played or demo_walk(current)):
        return ""
    unknown = [spec for spec in DEMO_WALKS if spec not in known]
    return unknown[0] if unknown and demo_walk(current) != unknown[0] else ""
