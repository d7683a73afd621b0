"""Tables of views and keys, for the help page and docs/window.md.

`python -m app.window.key_table docs/window.md` replaces the tables in that file.
"""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

from app.session.views import VIEWS
from app.window.actions import ACTIONS, GESTURES, ORIENTATION, VIEW

ARROWS = {"Left": "←", "Right": "→"}
Rows = list[tuple[str, str]]


def view_shortcut(number: int) -> str:
    """Shortcut of a view by its position in VIEWS, counted from 1; there are nine such keys."""
    return f"Ctrl+{number}" if number < 10 else ""


def key_groups() -> dict[str, Rows]:
    """(keys, what they do) by menu or part of the window."""
    groups: dict[str, Rows] = {}
    for action in ACTIONS:
        if action.shortcut:
            place = (VIEW if action.place == ORIENTATION else action.place).replace("&", "")
            groups.setdefault(place, []).append((ARROWS.get(action.shortcut, action.shortcut), action.tip))
    keys = [key for number, _ in enumerate(VIEWS, start=1) if (key := view_shortcut(number))]
    groups.setdefault(VIEW.replace("&", ""), []).insert(0, (f"{keys[0]} … {keys[-1]}", "Show or hide a view"))
    for gesture in GESTURES:
        groups.setdefault(gesture.place, []).append((gesture.keys, gesture.tip))
    return groups


def keys_html() -> str:
    """All keys as a table for Qt's rich text."""
    lines = ["<table cellpadding='3'>"]
    for place, rows in key_groups().items():
        lines.append(f"<tr><td colspan='2'><h3>{html.escape(place)}</h3></td></tr>")
        lines += [
            f"<tr><td style='white-space: pre'><b>{html.escape(keys)}</b></td><td>{html.escape(tip)}</td></tr>"
            for keys, tip in rows
        ]
    return "\n".join([*lines, "</table>"])


def keys_markdown() -> str:
    """All keys as Markdown."""
    lines = ["| Where | Keys | What they do |", "|---|---|---|"]
    for place, rows in key_groups().items():
        lines += [f"| {place} | {keys} | {tip} |" for keys, tip in rows]
    return "\n".join(lines)


def views_markdown() -> str:
    """All views as Markdown."""
    lines = ["| View | Key | What it shows |", "|---|---|---|"]
    for number, view in enumerate(VIEWS, start=1):
        title = f"**{view.title}**" if view.by_default else view.title
        lines.append(f"| {title} | {view_shortcut(number)} | {view.tip.replace(chr(10), ' ')} |")
    return "\n".join(lines)


def with_tables(document: str) -> str:
    """The Markdown document with its tables replaced, between the comments that mark them."""
    for name, table in (("views", views_markdown()), ("keys", keys_markdown())):
        begin, end = f"<!-- table of {name} -->", f"<!-- end of {name} -->"
        document = re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", document, flags=re.DOTALL)  # noqa: B023
    return document


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
