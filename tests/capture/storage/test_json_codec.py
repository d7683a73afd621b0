"""Dataclasses from JSON: types are checked, unknown fields tolerated, and messages name field and value."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from msgspec import Meta

from capture.storage.json_codec import decode, encode, from_document, parse_object, unknown_fields
from capture.storage.software import NOT_INSTALLED, package_version, software_versions


@dataclass(frozen=True)
class Inner:
    every: int = 1

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be 1 or more. Received: {self.every}")


@dataclass(frozen=True)
class Outer:
    size: tuple[int, int]
    count: Annotated[int, Meta(ge=0, le=9)] = 0
    share: float | None = None
    inner: Inner | None = None
    lost: dict[str, int] = field(default_factory=dict)


def test_a_dataclass_survives_json() -> None:
    value = Outer((3, 4), 5, 0.5, Inner(2), {"corrupt": 1})
    assert decode(Outer, encode(value)) == value
    assert decode(Outer, encode(value, indent=2).encode()) == value


def test_unknown_fields_are_ignored_and_named() -> None:
    document: dict[str, object] = {"size": [3, 4], "inner": {"later": 1}, "later": 2}
    assert from_document(Outer, document) == Outer((3, 4), inner=Inner())
    assert unknown_fields(Outer, document) == ["later"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "missing field `size`"),
        ({"size": [3]}, r"size must be array of length 2\. Received: \[3\]"),
        ({"size": [3, 4.0]}, r"size\[1\] must be int\. Received: \[3, 4\.0\]"),
        ({"size": [3, 4], "count": True}, r"count must be int\. Received: True"),
        ({"size": [3, 4], "count": 10}, r"count must be int <= 9\. Received: 10"),
        ({"size": [3, 4], "share": "much"}, r"share must be float \| null\. Received: 'much'"),
        ({"size": [3, 4], "inner": 5}, r"inner must be object \| null\. Received: 5"),
        ({"size": [3, 4], "inner": {"every": 0}}, r"^every must be 1 or more\. Received: 0$"),
        ({"size": [3, 4], "lost": {"corrupt": "1"}}, r"lost\[\.\.\.\] must be int\. Received: {'corrupt': '1'}"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_received(document: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode(Outer, json.dumps(document))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_what_is_no_object_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_object(text)


def test_software_versions_name_what_is_missing() -> None:
    assert package_version("no-such-package") == NOT_INSTALLED
    assert list(software_versions("numpy", "no-such-package")) == ["python", "numpy", "no-such-package"]
