"""Fixtures that many test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def skip_or_fail(reason: str) -> None:
    """Skip by name on a person's machine; on CI a part that is missing is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (on CI this may not be missing)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings beside the checkout."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        skip_or_fail(f"real recordings are not at {folder}")
    return folder
