"""Dataclasses as JSON, both ways: checked against their annotations by msgspec."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")

# msgspec: "Expected `int` >= 0 - at `$.lost.queue_full`", "Expected `str`, got `int` - at `$.name`"
_WRONG = re.compile(r"Expected (?P<kind>.*?)(, got .*)? - at (`key` in )?`\$\.?(?P<path>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field (`.*`)")


def encode(value: DataclassInstance, indent: int | None = None) -> str:
    """One dataclass as a JSON object."""
    return json.dumps(asdict(value), indent=indent)


def decode(kind: type[T], text: str | bytes) -> T:
    """The dataclass `kind` from a JSON object; fields that it does not have are ignored.

    Raises ValueError where `text` is no such object, or a field is missing, of another type or out of range.
    """
    return from_document(kind, parse_object(text))


def parse_object(text: str | bytes) -> dict[str, object]:
    """A JSON object. Raises ValueError where `text` is none, however deep it is nested."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deep") from None
    if not isinstance(document, dict):
        raise ValueError(f"must be a JSON object. Received: {type(document).__name__}")
    return document


def from_document(kind: type[T], document: dict[str, object]) -> T:
    """The same from an object that is parsed already. Raises ValueError."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_explained(str(error), document)) from None


def unknown_fields(kind: type[DataclassInstance], document: dict[str, object]) -> list[str]:
    """Names in a parsed object that the dataclass `kind` does not have."""
    return sorted(set(document) - {field.name for field in fields(kind)})


def _explained(message: str, document: dict[str, object]) -> str:
    """msgspec's message, beginning with the field and ending in what was received."""
    if found := _WRONG.fullmatch(message):
        path = found["path"]
        value = document.get(re.split(r"[.\[]", path)[0])
        return f"{path} must be {found['kind'].replace('`', '')}. Received: {value!r:.80}"
    if found := _MISSING.match(message):
        return f"missing field {found[1]}"
    return message.partition(" - at `$")[0]  # a dataclass's own check
