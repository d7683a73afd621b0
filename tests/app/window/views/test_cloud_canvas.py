"""What OpenGL really draws of a cloud, on an X server without a graphics card."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from app.session.color_maps import DIVERGING, TURBO
from app.session.point_cloud import TINT
from tests.support.cloud_program import GREEN, RED
from tests.support.paths import ROOT

BACKGROUND = (24, 25, 28)
WAYLAND_DESKTOP = {"WAYLAND_DISPLAY": "wayland-0", "XDG_SESSION_TYPE": "wayland"}  # and yet Qt goes to X


def drawn(folder: Path, display: str, **environment: str) -> str:
    """Write the pictures of the program into `folder`; return its output."""
    kept = {name: value for name, value in os.environ.items() if name != "PYOPENGL_PLATFORM"}
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.cloud_program", str(folder)],
        env={**kept, "QT_QPA_PLATFORM": "xcb", "DISPLAY": display, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert result.returncode == 0, result.stderr
    assert "Error" not in result.stderr, result.stderr
    return result.stdout.strip()


def picture(folder: Path, name: str) -> np.ndarray:
    """uint8 (h, w, 3), red first."""
    image = cv2.imread(str(folder / f"{name}.png"))
    assert image is not None, f"{name}.png was not saved"
    return image[..., ::-1].astype(int)


def covered(image: np.ndarray, colour: tuple[int, ...]) -> np.ndarray:
    """Columns of the pixels of that colour, up to what rounding does."""
    return np.nonzero((np.abs(image - np.array(colour)) <= 1).all(axis=2))[1]


def test_points_are_drawn_in_their_colours_and_turned_with_the_mouse(x_display: str, tmp_path: Path) -> None:
    assert drawn(tmp_path, x_display) == ""
    tinted = [tuple((np.array(colour) + TINT) // 2) for colour in (RED, GREEN)]
    for number in (1, 2):
        rgb = picture(tmp_path, f"rgb-{number}")
        red, green, nothing = (covered(rgb, colour) for colour in (RED, GREEN, BACKGROUND))
        assert min(len(red), len(green)) > 5000
        assert len(red) + len(green) + len(nothing) == rgb.shape[0] * rgb.shape[1]
        assert red.max() < green.min() + 10, "upright and not mirrored"
        assert not any(len(covered(rgb, colour)) for colour in tinted)
        both = picture(tmp_path, f"both-{number}")
        assert min(len(covered(both, colour)) for colour in tinted) > 5000, "the prediction is nearer"
        assert len(covered(both, RED)) > 300, "and the LiDAR is seen beside it"
        predicted = picture(tmp_path, f"predicted-{number}")
        assert len(covered(predicted, tinted[0])) > 5000
        assert not len(covered(predicted, RED))
        assert len(covered(picture(tmp_path, f"depth-{number}"), tuple(TURBO[255]))) > 10_000, "the farthest there is"
        assert len(covered(picture(tmp_path, f"error-{number}"), tuple(DIVERGING[1]))) > 10_000, "half a metre too near"
        turned = picture(tmp_path, f"turned-{number}")
        assert len(covered(turned, RED)) > 1000
        assert np.abs(turned - rgb).mean() > 5
        assert np.array_equal(picture(tmp_path, f"reset-{number}"), rgb)
        assert len(covered(picture(tmp_path, f"nearer-{number}"), BACKGROUND)) < len(nothing) * 0.9


def test_a_wayland_desktop_under_which_qt_goes_to_x_draws_too(x_display: str, tmp_path: Path) -> None:
    assert drawn(tmp_path, x_display, **WAYLAND_DESKTOP) == ""
    assert len(covered(picture(tmp_path, "rgb-1"), RED)) > 5000


def test_where_there_is_no_opengl_a_line_says_what_to_do(x_display: str, tmp_path: Path) -> None:
    said = drawn(tmp_path, x_display, QT_XCB_GL_INTEGRATION="none")
    assert said.splitlines()[0].startswith("The point cloud cannot be drawn here: there is no OpenGL. It needs")
    assert not list(tmp_path.glob("*.png"))
