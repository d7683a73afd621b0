"""Repeated messages are collapsed and counted."""

from __future__ import annotations

import logging

from app.log_repeats import MAX_KINDS, MAX_TEXTS, PERIOD_S, Repeats, one_line


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def record(text: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, None)
    return logging.LogRecord("lidarlive.capture", logging.WARNING, __file__, 1, text, arguments, info)


def texts(records: list[logging.LogRecord]) -> list[str]:
    return [one_line(each) for each in records]


def test_the_same_text_passes_once_and_is_counted_later() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    assert texts(repeats.passing(record("torn"))) == ["torn"]
    for _ in range(1000):
        assert repeats.passing(record("torn")) == []
    assert texts(repeats.passing(record("another"))) == ["another"]
    clock.now_s = PERIOD_S
    assert texts(repeats.passing(record("torn"))) == ["1000 more like this, the last one: torn", "torn"]
    assert repeats.remaining() == []


def test_one_kind_of_message_is_limited() -> None:
    repeats = Repeats(Clock())
    passed = [number for number in range(500) if repeats.passing(record("frame %d is torn", number))]
    assert passed == list(range(MAX_TEXTS))
    assert texts(repeats.remaining()) == [f"{500 - MAX_TEXTS} more like this, the last one: frame 499 is torn"]
    assert repeats.remaining() == []


def test_different_exceptions_in_one_place_are_different() -> None:
    repeats = Repeats(Clock())
    assert repeats.passing(record("exception in %s", "reader", error=KeyError("a")))
    assert repeats.passing(record("exception in %s", "reader", error=ValueError("b")))
    assert not repeats.passing(record("exception in %s", "reader", error=ValueError("b")))


def test_what_is_remembered_is_bounded_and_its_count_is_not_lost() -> None:
    repeats = Repeats(Clock())
    repeats.passing(record("first"))
    repeats.passing(record("first"))
    seen = [text for number in range(2 * MAX_KINDS) for text in texts(repeats.passing(record(f"kind {number}")))]
    assert len(repeats._kinds) == MAX_KINDS
    assert "1 more like this, the last one: first" in seen
