"""What an import remarks on once, however many frames have it."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from capture.recording import Recording
from tests.support.foreign import jpeg, pairs, png, put, tiff
from tests.support.pictures import exif
from tests.support.r3d_files import METADATA, members, write_r3d


def remarks(source: Path, scale: float | None = None) -> tuple[Recording, list[str]]:
    found: list[str] = []
    writer = import_path(source, source.parent / "set", ImportOptions(scale), lambda *now: None, found.append)
    return Recording(writer.path), [remark.removeprefix(f"{source}: ") for remark in found]


def turned(orientation: int) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(jpeg(9))).save(file, "JPEG", exif=exif(orientation), quality=90)
    return file.getvalue()


def test_orientations_are_removed_and_counted(tmp_path: Path):
    source = put(tmp_path / "in", pairs(4) | {"rgb/1.jpg": turned(6), "rgb/3.jpg": turned(3)})
    recording, found = remarks(source)
    words = "an EXIF orientation, which was removed: picture and depth both stay as they were stored"
    assert found == [f"2 of 4 pictures had {words}"]
    for i, line in enumerate(recording.lines()):
        data = recording.file_bytes(line, "rgb")
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (96, 72, 3)
        assert (data == (source / "rgb" / f"{i}.jpg").read_bytes()) == (i in (0, 2))


def test_depth_of_a_picture_as_it_is_shown_is_refused(tmp_path: Path):
    source = put(tmp_path / "in", {"rgb/0.jpg": turned(6), "depth/0.png": png(np.full((24, 32), 1000, np.uint16))})
    with pytest.raises(
        LidarliveError, match=r"its picture, 72x96 as stored, before its EXIF orientation turns it\. Rec"
    ):
        remarks(source)


def test_frames_without_a_pose_are_counted(tmp_path: Path):
    metadata = METADATA | {"poses": [[0] * 7, *METADATA["poses"][1:]]}
    _, found = remarks(write_r3d(tmp_path / "late.r3d", members(metadata)))
    assert found == ["1 of 3 frames has no pose"]


@pytest.mark.parametrize(("scale", "doubted"), [(None, True), (10_000, False)])
def test_a_unit_that_makes_a_room_too_deep_is_doubted(scale: float | None, doubted: bool, tmp_path: Path):
    """Tenths of a millimetre, as an Xtion's driver writes them."""
    depth = np.linspace(6000, 40_000, 32 * 24).astype(np.uint16).reshape(32, 24)
    recording, found = remarks(put(tmp_path / "in", {"rgb/0.jpg": jpeg(1), "depth/0.png": png(depth)}), scale)
    assert recording.info.depth_scale == (scale or 1000)
    assert [line.endswith("probably with --depth-scale 10000") for line in found] == [True] * doubted


def test_floats_that_are_no_metres_are_doubted(tmp_path: Path):
    depth = np.full((32, 24), 1500, np.float32)
    source = put(tmp_path / "in", {"rgb/0.jpg": jpeg(1), "depth/0.tiff": tiff(depth)})
    assert remarks(source)[1] == [
        "no depth map has a reading up to 65.535 m, if 1 unit is a metre. If not, import it again with another "
        "--depth-scale; for millimetres it is 1000"
    ]
    assert remarks(source, 1000)[1] == []
