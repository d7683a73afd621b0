"""What is found in a folder or an archive that a person names."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.formats.base import ImportOptions
from capture.formats.containers import data_sets
from capture.formats.containers.data_sets import open_data_sets
from capture.formats.importing import import_path
from capture.formats.registry import is_data_set
from capture.recording import Recording
from tests.support.foreign import film, pairs, put, scan, sequence
from tests.support.frames import make_frame, write_recording
from tests.support.r3d_files import members, write_r3d


def found(source: Path) -> list[str]:
    """Names of the data sets, and that nothing is left of unpacking them."""
    with open_data_sets(source, is_data_set, source.parent / "set") as sets:
        names = [path.name for path in sets.paths]
        assert all(path.exists() for path in sets.paths)
    assert not list(source.parent.glob(".import-*"))
    return names


def zip_of(folder: Path, inside: str = "") -> Path:
    """A ZIP of a folder's contents, below the path `inside`."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, inside + file.relative_to(folder).as_posix())
    return path


def test_a_data_set_is_itself(tmp_path: Path):
    assert found(put(tmp_path / "desk", pairs(1))) == ["desk"]
    assert found(put(tmp_path / "fr1", sequence(1))) == ["fr1"]
    assert found(write_r3d(tmp_path / "a.r3d", members())) == ["a.r3d"]
    assert found(put(tmp_path / "other", {"a.txt": b""})) == ["other"]  # named by the reader of folders


def test_a_folder_of_files(tmp_path: Path):
    put(tmp_path / "walks", {"notes.txt": b"x", ".hidden.r3d": b"x"})
    for name in ("walk2.r3d", "walk10.r3d", "walk1.r3d"):
        write_r3d(tmp_path / "walks" / name, members())
    assert found(tmp_path / "walks") == ["walk1.r3d", "walk2.r3d", "walk10.r3d"]


def test_a_folder_of_folders(tmp_path: Path):
    put(tmp_path / "all" / "desk", pairs(1))
    put(tmp_path / "all" / "scan", scan(1))
    put(tmp_path / "all" / "mesh", {"a.obj": b""})
    write_recording(tmp_path / "all", "ours", [make_frame(0)])
    assert found(tmp_path / "all") == ["desk", "scan"]


@pytest.mark.parametrize("inside", ["", "71de12f9/", "Downloads/71de12f9/"])
def test_a_zip_of_a_scan(inside: str, tmp_path: Path):
    folder = put(tmp_path / "71de12f9", scan(3))
    film(folder / "rgb.mp4", 3)
    path = zip_of(folder, inside)
    with open_data_sets(path, is_data_set, tmp_path / "set") as sets:
        (scan_path,) = sets.paths
        recording = Recording(import_path(scan_path, tmp_path / "set", ImportOptions(), lambda *now: None).path)
        assert sets.in_words(f"{scan_path / 'rgb.mp4'} is cut") == f"{path}/{inside}rgb.mp4 is cut"
    assert (recording.info.name, len(recording)) == ("71de12f9", 3)


def test_a_zip_of_several(tmp_path: Path):
    (tmp_path / "walks").mkdir()
    for name in ("b.r3d", "a.r3d"):
        write_r3d(tmp_path / "walks" / name, members())
    assert found(zip_of(tmp_path / "walks", "walks/")) == ["a.r3d", "b.r3d"]


def test_a_recording_packed_again_is_read_in_place(tmp_path: Path):
    assert found(write_r3d(tmp_path / "a.zip", {f"walk/{name}": data for name, data in members().items()})) == ["a.zip"]


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (
            {"notes/a.txt": b"x", "b.obj": b""},
            "is a ZIP without a data set that can be imported. It holds: b.obj, notes",
        ),
        ({"/etc/passwd": b""}, "its files must be below it. Received: '/etc/passwd'"),
        ({"rgb/../../evil.jpg": b""}, "its files must be below it"),
        ({"C:\\x.png": b""}, "its files must be below it"),
        ({"a": b"x", "a/b": b"x"}, "cannot be unpacked"),
    ],
)
def test_other_archives_are_refused(files: dict[str, bytes], what: str, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(LidarliveError, match=what):
        found(tmp_path / "a.zip")
    assert [child.name for child in tmp_path.iterdir()] == ["a.zip"]


def test_a_damaged_member(tmp_path: Path):
    path = zip_of(put(tmp_path / "desk", pairs(1)))
    data = bytearray(path.read_bytes())
    data[data.index(b"\xff\xd8") + 30] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(LidarliveError, match=r"desk\.zip: rgb/0\.jpg: cannot be read: Bad CRC-32"):
        found(path)


def test_no_room_to_unpack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = zip_of(put(tmp_path / "desk", pairs(1)))
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(data_sets, "SPARE_BYTES", free)
    with pytest.raises(LidarliveError, match=r"must be unpacked, which takes 0\.0 GB\. Free some space"):
        found(path)
