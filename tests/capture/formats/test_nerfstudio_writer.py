"""nerfstudio data sets that we write, read as docs.nerf.studio/quickstart/data_conventions.html describes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from capture.formats.nerfstudio_writer import NerfstudioWriter
from capture.frame import Pose
from tests.support.foreign import rotation
from tests.support.walks import encoded_walk


def test_a_data_set(tmp_path: Path):
    """Per-frame intrinsics, camera to world in OpenGL's axes, and depth that its reader stretches to the picture."""
    frames = encoded_walk(3)
    writer = NerfstudioWriter(tmp_path / "out")
    for frame in frames:
        writer.append(frame)
    writer.close()
    assert writer.remark == ""
    document = json.loads((tmp_path / "out" / "transforms.json").read_text())
    assert document.keys() == {"camera_model", "frames"}
    assert document["camera_model"] == "OPENCV"
    for entry, frame in zip(document["frames"], frames, strict=True):
        assert [entry[key] for key in ("fl_x", "fl_y", "cx", "cy")] == frame.intrinsics.as_list()
        assert (tmp_path / "out" / entry["file_path"]).read_bytes() == frame.jpeg
        picture = cv2.imread(str(tmp_path / "out" / entry["file_path"]))
        assert (entry["w"], entry["h"]) == picture.shape[1::-1] == (72, 96)
        camera_to_world = np.array(entry["transform_matrix"])
        np.testing.assert_allclose(camera_to_world[:3, :3], rotation(frame.pose), atol=1e-12)
        np.testing.assert_array_equal(camera_to_world[:, 3], [*frame.pose.position_m, 1])
        np.testing.assert_array_equal(camera_to_world[3], [0, 0, 0, 1])
        depth_m = cv2.imread(str(tmp_path / "out" / entry["depth_file_path"]), cv2.IMREAD_ANYDEPTH) * 1e-3
        stretched = cv2.resize(depth_m, (entry["w"], entry["h"]), interpolation=cv2.INTER_NEAREST)
        millimetres = cv2.imdecode(np.frombuffer(frame.depth_png, np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_allclose(stretched[::3, ::3], millimetres / 1000, rtol=1e-12)
    names = [entry["file_path"] for entry in document["frames"]]
    assert names == sorted(names)


def test_missing_poses_are_reported(tmp_path: Path):
    writer = NerfstudioWriter(tmp_path / "out")
    writer.append(replace(encoded_walk(1)[0], pose=Pose()))
    writer.close()
    assert writer.remark == "it has no poses: every camera has the same position"
