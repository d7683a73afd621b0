"""Fixtures that many test files share."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests.frames import make_frame, write_recording


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


@pytest.fixture(scope="session")
def record3d_package() -> None:
    """Needed by whatever connects through the real driver."""
    if importlib.util.find_spec("record3d") is None:
        skip_or_fail("the package record3d is not installed")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches a person's recordings, weights or phone."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LIDARLIVE_HOME", str(home))
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", f"UNIX:{home}/no-usbmuxd")
    return home


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 60 frames, 240x320 RGB, in which every part of a frame says the frame's number."""
    frames = [make_frame(i, rgb_size=(240, 320), depth_size=(192, 256)) for i in range(60)]
    return write_recording(tmp_path_factory.mktemp("numbered"), "numbered", frames)
