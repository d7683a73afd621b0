"""Write plain folders of paired images; `capture.formats.folders_reader` describes the files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from capture.formats.base import ExportFormat
from capture.formats.parts import intrinsics_file
from capture.formats.parts.opencv_poses import opencv_matrix_from_pose
from capture.frame import Pose
from capture.geometry.poses import LOST_POSE
from capture.storage.encoding import EncodedFrame

LOST = np.full((4, 4), np.nan)  # matrix of a frame without a pose; 7-Scenes and ScanNet mark them by infinities


class FoldersWriter:
    """Writer of one folder of paired images. JPEG, depth in 16-bit millimetres and confidence 0, 1, 2 are copied.

    rgb, depth   names of the sub-folders

    A recording without poses gets no `pose/`, one without intrinsics no `intrinsics.txt`; the pose of a single frame
    without one is not a number. The frames' times are lost:
    the format cannot store them.

    Raises OSError if the folder cannot be written.
    """

    remark = ""

    def __init__(self, path: Path, rgb: str = "rgb", depth: str = "depth") -> None:
        for folder in (path, path / rgb, path / depth, path / "pose"):
            folder.mkdir()
        self._path, self._rgb, self._depth = path, rgb, depth
        self._frames = 0
        self._has_poses = self._has_intrinsics = False
        self._cameras = open(path / intrinsics_file.NAME, "w", encoding="ascii", newline="\n")  # noqa: SIM115
        self._cameras.write(intrinsics_file.HEADER)

    def append(self, frame: EncodedFrame) -> None:
        name = f"{self._frames:06d}"
        picture = f"{self._rgb}/{name}.jpg"
        (self._path / picture).write_bytes(frame.jpeg)
        (self._path / self._depth / f"{name}.png").write_bytes(frame.depth_png)
        if frame.confidence_png is not None:
            (self._path / "confidence").mkdir(exist_ok=True)
            (self._path / "confidence" / f"{name}.png").write_bytes(frame.confidence_png)
        rows = (LOST if frame.pose == LOST_POSE else opencv_matrix_from_pose(frame.pose)).tolist()
        text = "".join(" ".join(f"{number:.9f}" for number in row) + "\n" for row in rows)
        (self._path / "pose" / f"{name}.txt").write_text(text, encoding="ascii")
        self._cameras.write(intrinsics_file.intrinsics_line(picture, frame.intrinsics))
        self._has_poses = self._has_poses or frame.pose not in (Pose(), LOST_POSE)
        self._has_intrinsics = self._has_intrinsics or frame.intrinsics.fx > 0
        self._frames += 1

    def close(self) -> None:
        self._cameras.close()
        if not self._has_poses:
            shutil.rmtree(self._path / "pose")
        if not self._has_intrinsics:
            (self._path / intrinsics_file.NAME).unlink()


def _open(path: Path, at_rgb_size: bool) -> FoldersWriter:
    # X/ and Y/: the layout of the data set that the network pair was first trained on, where both have one size
    return FoldersWriter(path, rgb="X", depth="Y") if at_rgb_size else FoldersWriter(path)


FORMAT = ExportFormat(
    name="folders",
    title="folders with rgb/ and depth/",
    writes="`rgb/ depth/ confidence/ pose/` and `intrinsics.txt`, as `import` reads them; `X/` and `Y/` with "
    "`--depth-size rgb`",
    drops="times",
    open=_open,
    resizes=True,
)
