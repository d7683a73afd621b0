"""Untrusted ZIP files: memory is bounded whatever they state."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.errors import LidarliveError
from capture.formats.containers.archive import Archive

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def write(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def read(path: Path, name: str) -> bytes:
    with closing(Archive(path)) as archive:
        return archive.read(name)


def overwrite(path: Path, record: bytes, at: int, value: bytes) -> None:
    """Change a field of the file's last record of a kind."""
    data = bytearray(path.read_bytes())
    start = data.rindex(record) + at
    data[start : start + len(value)] = value
    path.write_bytes(data)


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.text("abc/.", min_size=1, max_size=9), st.binary(max_size=99), max_size=4))
def test_members_come_back(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    archive = Archive(write(tmp_path_factory.mktemp("zip") / "a.zip", files))
    assert {name: archive.read(name) for name in archive.names} == files
    archive.close()


def test_a_member_that_inflates_to_more_than_it_says(tmp_path: Path) -> None:
    """32 kB that state 1000 bytes and expand to 32 MB: only the 1000 are decompressed."""
    path = write(tmp_path / "a.zip", {"bomb": bytes(32 << 20)})
    overwrite(path, CENTRAL, 24, struct.pack("<I", 1000))
    archive = Archive(path)
    tracemalloc.start()
    with closing(archive), pytest.raises(LidarliveError, match=r"a\.zip: bomb: cannot be read: Bad CRC-32"):
        archive.read("bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [
        (24, struct.pack("<I", 0xFFFFFFF0), "must have at most 67108864 bytes. Received: 4294967280"),
        (20, struct.pack("<I", 0xFFFFFFF0), "must have at most 67108864 bytes. Received: 4294967280"),
        (10, struct.pack("<H", zipfile.ZIP_BZIP2), "must be stored or deflated. Received: method 12"),
        (10, struct.pack("<H", 99), "must be stored or deflated. Received: method 99"),
        (8, struct.pack("<H", 1), "cannot be read: .*encrypted"),
        (42, struct.pack("<I", 7), "cannot be read: "),  # where it stands in the file
        (24, struct.pack("<I", 50), "must decompress to 50 bytes. Received: 40"),
    ],
)
def test_a_member_that_says_what_is_not_so(at: int, value: bytes, fault: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"member": b"fourteen bytes" + bytes(26)})
    overwrite(path, CENTRAL, at, value)
    with pytest.raises(LidarliveError, match=rf"a\.zip: member: {fault}"):
        read(path, "member")


def test_a_table_of_contents_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"member": b"x"})
    end = path.read_bytes()[-22:]
    with path.open("r+b") as file:  # a hole, which takes no room on the disk
        file.truncate(1 << 30)
        file.seek(0, 2)
        file.write(end[:12] + struct.pack("<II", (1 << 30) - 100, 100) + end[20:])
    tracemalloc.start()
    with pytest.raises(LidarliveError, match=r"its parts must have at most 25165824 bytes\. Received: 1073741724"):
        Archive(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("keep", [4, 60, -10, -1])
def test_one_that_is_cut_short_is_told_from_one_that_is_none(keep: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"member": bytes(range(256))}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        LidarliveError, match=r"a\.zip is cut short, or damaged at its end.*Copy it from the phone again"
    ):
        Archive(path)
    path.write_bytes(path.read_bytes()[1:])
    with pytest.raises(LidarliveError, match="is not a Record3D file"):
        Archive(path)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_bytes_are_members_or_our_one_error(
    data: st.DataObject, whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changed = bytearray(whole)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=5)):
        changed[at] = value
    end = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    path = tmp_path_factory.mktemp("bytes") / "a.zip"
    path.write_bytes(changed[:end])
    try:
        archive = Archive(path)
    except LidarliveError:
        return
    for name in archive.names:
        with suppress(LidarliveError):
            assert len(archive.read(name)) < 1000
    archive.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    files = {"metadata": b'{"w": 72}', "rgbd/0.jpg": bytes(90), "rgbd/0.depth": bytes(range(99))}
    return write(tmp_path_factory.mktemp("whole") / "a.zip", files).read_bytes()
