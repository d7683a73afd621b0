"""The documents: links and paths in them exist, the short ones stay short, decisions are indexed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "weights").rglob("*.md")])
LIMITS = {"README.md": 7_000, "ARCHITECTURE.md": 9_000}  # bytes: three minutes, and two pages
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:app|capture|model|weights|tests|docs)/[\w/.-]*)`")
PLACEHOLDER = re.compile(r"/x[._]|/a/b/")  # in recipes
CODE = re.compile(r"^ {4}(lidarlive .*)$|`(lidarlive [^`]*)`", re.MULTILINE)
COMMAND = re.compile(r"lidarlive ((?:weights|bench) [a-z]+|[a-z]+)")
OPTION = re.compile(r"(?<!\S)\[?(--[a-z-]+)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def anchors(document: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in HEADING.findall(text_of(document)))
    return {heading.replace(" ", "-") for heading in words}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_paths_exist(document: Path) -> None:
    missing = []
    for link in LINK.findall(text_of(document)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)
    named = (path for path in PATH.findall(text_of(document)) if not PLACEHOLDER.search(path))
    missing += [path for path in named if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_and_options_exist(document: Path) -> None:
    """In code, as docs/cli.md has them, which is generated from the program."""
    reference = text_of(ROOT / "docs" / "cli.md")
    commands = {*COMMAND.findall(reference), "weights", "bench"}
    known_options = {*re.findall(r"--[a-z][a-z-]*", reference), "--version", "--help-all"}
    lines = [indented or inline for indented, inline in CODE.findall(text_of(document))]
    named = {command for line in lines for command in COMMAND.findall(line)}
    options = {option for line in lines for option in OPTION.findall(line.partition("#")[0])}
    assert named <= commands
    assert options <= known_options


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_short_documents_stay_short(name: str, limit: int) -> None:
    assert (ROOT / name).stat().st_size < limit


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "adr"
    decisions = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert LINK.findall(text_of(folder / "README.md")) == decisions
    assert [name[:3] for name in decisions] == [f"{i:03}" for i in range(1, len(decisions) + 1)]
    for name in decisions:
        assert all(f"**{part}.**" in text_of(folder / name) for part in ("Context", "Decision", "Consequence"))


def test_the_readme_leads_to_every_document() -> None:
    """At most by one step, through a document that it links to."""
    linked = {(ROOT / link).resolve() for link in LINK.findall(text_of(ROOT / "README.md"))}
    for document in [path for path in linked if path.suffix == ".md"]:
        linked |= {(document.parent / link.partition("#")[0]).resolve() for link in LINK.findall(text_of(document))}
    assert {path for path in DOCUMENTS if path.parent == ROOT / "docs"} <= linked
