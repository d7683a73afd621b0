"""docs/cli.md is the reference that `lidarlive --help-all` prints."""

from __future__ import annotations

from tests.support.paths import ROOT
from tests.support.programs import lidarlive


def test_the_reference_is_current() -> None:
    done = lidarlive("--help-all", COLUMNS="40")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ROOT / "docs" / "cli.md").read_text(), "run `lidarlive --help-all > docs/cli.md`"
