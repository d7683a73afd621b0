"""Where a second recording is made, so that it has no frame of the first."""

from __future__ import annotations

import pytest

from app.session.other_walk import other_walk

FIRST, INSTEAD, SECOND = "Demo room", "Demo room (no phone found)", "Demo room, second walk"


@pytest.mark.parametrize(
    ("recorded", "current", "spec"),
    [
        ([FIRST], FIRST, "demo:2"),
        ([INSTEAD, FIRST], INSTEAD, "demo:2"),
        ([SECOND], SECOND, "demo"),
        ([FIRST], SECOND, ""),  # recorded before a change of the source
        ([SECOND], INSTEAD, ""),
        ([FIRST, SECOND], FIRST, ""),
        (["iPhone"], "iPhone", ""),  # a person walks on
        (["iPhone"], FIRST, ""),
        ([FIRST], "iPhone", ""),
        ([], FIRST, ""),
    ],
)
def test_the_demo_room_is_walked_through_another_way(recorded: list[str], current: str, spec: str) -> None:
    assert other_walk(recorded, current, is_played=False) == spec


def test_a_recording_that_is_played_gives_way_to_the_demo_room_it_is_of() -> None:
    assert other_walk([FIRST], "2026-11-28T01-27-24Z_room", is_played=True) == "demo:2"
    assert other_walk([SECOND], "2026-11-28T01-27-24Z_room", is_played=True) == "demo"
    assert other_walk(["iPhone"], "2026-11-28T01-27-24Z_desk", is_played=True) == ""
