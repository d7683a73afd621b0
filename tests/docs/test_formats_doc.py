"""docs/formats.md lists exactly the registered formats."""

from __future__ import annotations

from capture.formats.registry import formats_table
from tests.support.paths import ROOT


def test_the_table_of_formats_is_current():
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert formats_table() in text, "copy the output of capture.formats.registry.formats_table() into docs/formats.md"
