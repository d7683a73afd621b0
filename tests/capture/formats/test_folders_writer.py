"""Folders of paired images that we write, read with NumPy and OpenCV alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from capture.formats.folders_writer import FoldersWriter
from tests.support.foreign import rotation
from tests.support.walks import encoded_walk


def test_folders(tmp_path: Path):
    frames = encoded_walk(3)
    writer = FoldersWriter(tmp_path / "out")
    for frame in frames:
        writer.append(frame)
    writer.close()
    names = {folder: sorted(f.stem for f in (tmp_path / "out" / folder).iterdir()) for folder in ("rgb", "depth")}
    assert names["rgb"] == names["depth"] == ["000000", "000001", "000002"]
    cameras = np.loadtxt(tmp_path / "out" / "intrinsics.txt", usecols=(1, 2, 3, 4))
    for i, frame in enumerate(frames):
        assert (tmp_path / "out" / "rgb" / f"{i:06d}.jpg").read_bytes() == frame.jpeg
        assert (tmp_path / "out" / "depth" / f"{i:06d}.png").read_bytes() == frame.depth_png
        levels = cv2.imread(str(tmp_path / "out" / "confidence" / f"{i:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert set(np.unique(levels)) == {0, 1, 2}
        matrix = np.loadtxt(tmp_path / "out" / "pose" / f"{i:06d}.txt")
        right, up, back = rotation(frame.pose).T
        np.testing.assert_allclose(matrix[:3].T, (right, -up, -back, frame.pose.position_m), atol=1e-8)
        assert cameras[i].tolist() == frame.intrinsics.as_list()
