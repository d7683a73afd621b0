"""A Record3D recording unpacked, packed again, or exported as EXR and JPG gives the frames of its file."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.importing import import_path
from capture.formats.r3d_reader import R3dFile
from capture.formats.registry import find_reader
from capture.recording import Recording
from capture.storage.encoding import EncodedFrame
from tests.support.foreign import exr, put
from tests.support.r3d_files import METADATA, members, write_r3d


def frames(path: Path) -> list[EncodedFrame]:
    assert find_reader(path).name == "r3d"
    with R3dFile(path) as r3d:
        return [r3d.read_frame(i) for i in range(len(r3d))]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return write_r3d(tmp_path / "walk.r3d", members())


def test_an_unpacked_file(packed: Path, tmp_path: Path):
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "walk")
    assert frames(tmp_path / "walk") == frames(packed)
    shutil.move(tmp_path / "walk", tmp_path / "unpacked.r3d")  # a folder may have that suffix too
    assert frames(tmp_path / "unpacked.r3d") == frames(packed)


@pytest.mark.parametrize("name", ["again.r3d", "again.zip"])
def test_packed_again_with_a_folder_in_front(name: str, packed: Path, tmp_path: Path):
    files = {f"walk/{member}": data for member, data in members().items()} | {"__MACOSX/walk/._metadata": b"x"}
    assert frames(write_r3d(tmp_path / name, files)) == frames(packed)


def exr_files(half: bool = True) -> dict[str, bytes]:
    """The recording as the app's export EXR + JPG writes it; its metadata describe more frames than there are."""
    files = {"metadata.json": json.dumps(METADATA).encode()}
    for i in range(2):
        depth = np.full((32, 24), 1 + i / 4, np.float16 if half else np.float32)
        depth[0, :4] = np.nan, -1, np.inf, 70
        files[f"depth/{i}.exr"] = exr(depth)
        files[f"rgb/{i}.jpg"] = members()[f"rgbd/{i}.jpg"]
    return files


@pytest.mark.parametrize("half", [True, False])
def test_an_export_as_exr_and_jpg(half: bool, tmp_path: Path):
    path = put(tmp_path / "export", exr_files(half))
    first, second = frames(path)
    assert (first.jpeg, first.confidence_png) == (members()["rgbd/0.jpg"], None)
    assert (second.pose.as_list(), second.intrinsics.as_list()) == (METADATA["poses"][1], [81, 81, 36, 48])
    assert second.received_ns == 40_000_000
    recording = Recording(import_path(path, tmp_path / "set", ImportOptions(), lambda *now: None).path)
    assert recording[1].depth_m[0, :5].tolist() == [0, 0, 0, 0, 1.25]
    assert recording.info.depth_scale is None


def test_a_damaged_or_missing_map_is_named_by_its_file(tmp_path: Path):
    path = put(tmp_path / "export", exr_files() | {"depth/1.exr": b"x"})
    with R3dFile(path) as r3d:
        r3d.read_frame(0)
        with pytest.raises(LidarliveError, match=r"depth/1\.exr must be an EXR file"):
            r3d.read_frame(1)
    (path / "depth" / "1.exr").unlink()
    with R3dFile(path) as r3d, pytest.raises(LidarliveError, match=r"the file for rgbd/1\.depth is missing"):
        r3d.read_frame(1)


def test_a_missing_part_of_an_unpacked_file(packed: Path, tmp_path: Path):
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "walk")
    (tmp_path / "walk" / "rgbd" / "1.depth").unlink()
    with R3dFile(tmp_path / "walk") as r3d, pytest.raises(LidarliveError, match=r"walk: rgbd/1\.depth: is missing"):
        r3d.read_frame(1)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><HTML><head></head></HTML>", "it is a web page, perhaps the answer to a download"),
        (b"GIF89a", "not a readable ZIP"),
    ],
)
def test_what_is_no_recording_is_named_as_what_it_is(data: bytes, what: str, tmp_path: Path):
    (tmp_path / "a.r3d").write_bytes(data)
    with pytest.raises(LidarliveError, match=what):
        R3dFile(tmp_path / "a.r3d")
