"""Counts and the words that fit them."""

from __future__ import annotations

import pytest

from capture.wording import counted, verb


@pytest.mark.parametrize(
    ("count", "noun", "plural", "words"),
    [
        (0, "frame", "", "0 frames"),
        (1, "frame", "", "1 frame"),
        (2, "frame", "", "2 frames"),
        (1, "entry", "entries", "1 entry"),
        (3, "entry", "entries", "3 entries"),
    ],
)
def test_nouns_fit_their_counts(count: int, noun: str, plural: str, words: str) -> None:
    assert counted(count, noun, plural) == words


def test_verbs_fit_their_counts() -> None:
    assert [verb(count, "has", "have") for count in range(3)] == ["have", "has", "have"]
