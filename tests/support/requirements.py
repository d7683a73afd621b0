"""What a test needs of the computer."""

from __future__ import annotations

import os

import pytest


def skip_or_fail(reason: str) -> None:
    """Skip the test on a person's computer; on CI, where nothing may be missing, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (on CI this may not be missing)")
    pytest.skip(reason)
