"""Intrinsics of each picture, for formats that cannot store them."""

from __future__ import annotations

from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.formats.parts.intrinsics_file import HEADER, NAME, intrinsics_line, read_intrinsics
from capture.frame import Intrinsics
from tests.support.foreign import put


def test_what_is_written_is_what_is_read(tmp_path: Path):
    cameras = {f"rgb/{i}.jpg": Intrinsics(700 + i / 3, 700.1, 1e-300, -5.0) for i in range(3)}
    text = HEADER + "\n" + "".join(intrinsics_line(*item) for item in cameras.items())
    assert read_intrinsics(put(tmp_path, {NAME: text.encode()})) == cameras
    assert read_intrinsics(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "line",
    ["rgb/0.jpg", "rgb/0.jpg 1 2 3", "rgb/0.jpg 1 2 3 four", "rgb/0.jpg 1 2 3 nan", "rgb/0.jpg -1 2 3 4", "\xff"],
)
def test_what_is_no_camera(line: str, tmp_path: Path):
    put(tmp_path, {NAME: f"# x\n{line}\n".encode("latin-1")})
    with pytest.raises(LidarliveError, match=rf"{NAME}, line 2: must be a picture and fx fy cx cy. Received: "):
        read_intrinsics(tmp_path)
