"""The window as a program of its own on a real X display."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.paths import ROOT


def picture_on(display: str, source: Path, picture: Path) -> np.ndarray:
    """What `lidarlive view` shows of `source` on that display."""
    result = subprocess.run(
        [sys.executable, "-m", "app", "view", "--source", source, "--frames", "5", "--screenshot", picture],
        env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert result.returncode in (0, 3), result.stderr
    return cv2.imread(str(picture))


@pytest.mark.usefixtures("record3d_package")
def test_on_a_real_x_display(numbered: Path, tmp_path: Path, x_display: str) -> None:
    """Offscreen hides what opencv-python does to Qt's plugin path: on X, QApplication would abort."""
    image = picture_on(x_display, numbered, tmp_path / "x.png")
    assert image.shape[0] > 300
    assert image.std() > 10


@pytest.mark.usefixtures("record3d_package")
def test_a_real_recording_on_a_real_x_display(real_data: Path, tmp_path: Path, x_display: str) -> None:
    image = picture_on(x_display, real_data / "desk-1.r3d", tmp_path / "x.png")
    assert image.std() > 20, "the pictures are there"
