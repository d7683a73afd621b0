"""Docstrings use the field's words; docs/development.md has the rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

# Words for people, not for code. `stand-in` is a name, and what stands in backticks or quotes is not prose.
IDIOM = re.compile(
    r"\b(says?|said|tells?|told|goes on|going on|comes? to|came to|whoever|stands?(?!-in)|stood)\b", re.I
)
QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"")
FILES = sorted(path for package in ("app", "capture", "model", "tests") for path in (ROOT / package).rglob("*.py"))


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """(name, docstring) of the module, its classes and functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield getattr(node, "name", "module"), text


def test_docstrings_are_in_the_words_of_the_field() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}": words
        for path in FILES
        for name, text in docstrings(path)
        if (words := IDIOM.findall(QUOTED.sub("", text)))
    }
    assert found == {}


def test_every_module_has_a_docstring() -> None:
    written = (path for path in FILES if path.stat().st_size)  # the packages of the tests are empty files
    assert [path for path in written if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None] == []
