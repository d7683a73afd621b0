"""The registries of import and export formats, and the texts that are derived from them."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.formats import registry
from capture.formats.registry import (
    READERS,
    WRITERS,
    export_names,
    find_reader,
    find_writer,
    formats_table,
    import_titles,
)
from tests.support.foreign import pairs, put, sequence


def test_names_are_unique():
    for formats in (READERS, WRITERS):
        names = [format.name for format in formats]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("tum", sequence(1)),
        ("stray", {"odometry.csv": b"", "rgb.mp4": b"", "rgb/0.jpg": b""}),
        ("folders", pairs(1)),
        ("folders", {"a.txt": b""}),
    ],
)
def test_the_format_of_a_folder(name: str, files: dict[str, bytes], tmp_path: Path):
    assert find_reader(put(tmp_path / "in", files)).name == name


def test_a_record3d_file_is_recognised_by_its_suffix_or_its_first_bytes(tmp_path: Path):
    (tmp_path / "torn.R3D").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "renamed.zip", "w") as archive:
        archive.writestr("metadata", "{}")
    assert find_reader(tmp_path / "torn.R3D").name == find_reader(tmp_path / "renamed.zip").name == "r3d"


def test_the_suffix_counts_more_than_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another format may be a ZIP too."""
    other = replace(READERS[0], name="other", suffixes=(".npz",), matches=lambda path: path.suffix == ".npz")
    monkeypatch.setattr(registry, "READERS", (*READERS, other))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("rgb.npy", "")
    assert find_reader(tmp_path / "a.npz").name == "other"


def test_paths_of_no_format_are_rejected_with_the_known_ones(tmp_path: Path):
    (tmp_path / "notes.txt").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    for name in ("notes.txt", "pipe", "missing"):
        with pytest.raises(LidarliveError, match=rf"{name} has no known import format. Known formats: Record3D files"):
            find_reader(tmp_path / name)


def test_texts_for_help_and_messages():
    assert import_titles() == (
        "Record3D files (.r3d), Stray Scanner scans, TUM RGB-D sequences or folders with rgb/ and depth/"
    )
    assert export_names() == "r3d, tum, nerfstudio, folders or ply"
    assert export_names(lambda writer: writer.one_frame) == "ply"
    with pytest.raises(LidarliveError, match="Received: 'bag'"):
        find_writer("bag")


def test_the_table_has_a_row_for_each_format():
    header, _, *rows = formats_table().splitlines()
    assert [row.split("`")[1] for row in rows] == ["r3d", "stray", "tum", "folders", "nerfstudio", "ply"]
    assert {row.count("|") for row in rows} == {header.count("|")}
