"""Frames named in runs."""

from __future__ import annotations

import pytest

from capture.inspection.findings import MAX_RUNS, Finding, joined


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([], ""),
        ([7], "frame 7"),
        ([3, 4], "frames 3-4"),
        ([12, 13, 14, 15, 40], "frames 12-15, 40"),
        ([0, 2, 4, 5], "frames 0, 2, 4-5"),
    ],
)
def test_frames_are_named_in_runs(frames: list[int], words: str) -> None:
    assert joined(frames) == words
    assert Finding("pair", False, tuple(frames), "they differ").where == words


def test_a_line_names_a_bounded_number_of_runs() -> None:
    words = joined(range(0, 1000, 2))
    assert words.endswith(f", {2 * (MAX_RUNS - 1)} and {500 - MAX_RUNS} more places")
    assert joined(range(0, 2 * MAX_RUNS + 1, 2)).endswith(" and 1 more place")
