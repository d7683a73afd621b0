"""What user stories share: a screen, and recordings to train on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.frames import make_frame, write_recording


@pytest.fixture
def environment(record3d_package: None, own_home: Path, x_display: str) -> dict[str, str]:
    """The environment of a program on an X display of its own."""
    (own_home / "share").mkdir()
    display = {"DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb"}
    return {**os.environ, **display, "XDG_DATA_HOME": str(own_home / "share")}


@pytest.fixture
def two_recordings(own_home: Path) -> Path:
    """Two recordings of 2 frames and 1 with nothing in common, in the window's data set; the path of the second."""
    for name, first, count in (("kitchen", 0, 2), ("garden", 100, 1)):
        frames = [make_frame(first + i, rgb_size=(60, 80), depth_size=(48, 64)) for i in range(count)]
        path = write_recording(own_home / "recordings", name, frames)
    return path
