"""Write a data set of nerfstudio: `transforms.json` beside pictures and depth maps.

    <folder>/images/000000.jpg  depths/000000.png
             transforms.json    intrinsics and pose of each frame

docs.nerf.studio/quickstart/data_conventions.html: camera to world, OpenGL's axes (ours), intrinsics per frame. Its data
parser expects depth in millimetres (`depth_unit_scale_factor` 0.001), and its depth data set resizes maps of any size
to the picture's by the nearest reading, so maps are written at their own size. It rotates the world's up axis to z.
"""

from __future__ import annotations

import json
from pathlib import Path

from capture.formats.base import ExportFormat
from capture.formats.parts.intrinsics_file import require_focal_length
from capture.formats.parts.opencv_poses import matrix_from_pose
from capture.frame import Pose
from capture.storage.encoding import EncodedFrame


class NerfstudioWriter:
    """Writer of one data set. JPEG files and depth in 16-bit millimetres are copied.

    Raises LidarliveError if the focal length is unknown, OSError if the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        for folder in (path, path / "images", path / "depths"):
            folder.mkdir()
        self._path = path
        self._frames = 0
        self._has_poses = False
        self._transforms = open(path / "transforms.json", "w", encoding="ascii", newline="\n")  # noqa: SIM115
        self._transforms.write('{"camera_model": "OPENCV", "frames": [')

    @property
    def remark(self) -> str:
        return "" if self._has_poses else "it has no poses: every camera has the same position"

    def append(self, frame: EncodedFrame) -> None:
        camera = frame.intrinsics
        require_focal_length(camera, "nerfstudio")
        picture, depth = f"images/{self._frames:06d}.jpg", f"depths/{self._frames:06d}.png"
        (self._path / picture).write_bytes(frame.jpeg)
        (self._path / depth).write_bytes(frame.depth_png)
        entry = {
            "file_path": picture,
            "depth_file_path": depth,
            "w": frame.rgb_size[0],
            "h": frame.rgb_size[1],
            "fl_x": camera.fx,
            "fl_y": camera.fy,
            "cx": camera.cx,
            "cy": camera.cy,
            "transform_matrix": matrix_from_pose(frame.pose).tolist(),
        }
        self._transforms.write(f"{',' if self._frames else ''}\n{json.dumps(entry)}")
        self._has_poses = self._has_poses or frame.pose != Pose()
        self._frames += 1

    def close(self) -> None:
        with self._transforms:
            self._transforms.write("\n]}\n")


FORMAT = ExportFormat(
    name="nerfstudio",
    title="nerfstudio data sets",
    writes="`transforms.json` with intrinsics, pose (OpenGL's axes) and depth map of each frame, in millimetres at "
    "their own size (nerfstudio stretches them)",
    drops="confidence, times",
    open=lambda path, _: NerfstudioWriter(path),
    resizes=True,
    needs_poses=True,
)
