"""docs/window.md is current: its tables are those of the program."""

from __future__ import annotations

from app.window.key_table import keys_markdown, views_markdown, with_tables
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "window.md"


def test_the_tables_are_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert views_markdown() in page, "run: python -m app.window.key_table docs/window.md"
    assert keys_markdown() in page, "run: python -m app.window.key_table docs/window.md"
    assert with_tables(page) == page


def test_its_pictures_exist_and_are_small() -> None:
    for name in ("window.png", "window-views.png"):
        assert f"({name})" in PAGE.read_text(encoding="utf-8")
        assert 10_000 < (PAGE.parent / name).stat().st_size < 400_000
