"""Where the checkout is, for tests that run programs or read its files."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
REAL_DATA = ROOT.parent / "shared" / "data"
