"""Points in space, compared with points calculated by hand."""

from __future__ import annotations

import numpy as np

from capture.frame import Intrinsics
from capture.geometry.unproject import unproject


def test_points_calculated_by_hand() -> None:
    """A focal length of 100 pixels across and 50 down: a pixel is 2 cm wide and 4 cm high at 2 m."""
    camera = Intrinsics(100.0, 50.0, 40.0, 30.0)
    row, column = np.array([30, 29, 0]), np.array([40, 39, 140])
    points = unproject(row, column, np.array([2.0, 2.0, 1.0], np.float32), camera)
    assert points.dtype == np.float32
    expected = [(0.01, -0.02, -2.0), (-0.01, 0.02, -2.0), (1.005, 0.59, -1.0)]
    np.testing.assert_allclose(points, expected, rtol=1e-6)


def test_no_pixels_give_no_points() -> None:
    nothing = np.array([], np.int64)
    assert unproject(nothing, nothing, np.array([], np.float32), Intrinsics(1.0, 1.0, 0.0, 0.0)).shape == (0, 3)
