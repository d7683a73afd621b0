"""Everything that is reported as on the disk was flushed before."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage import durable, writer
from capture.storage.durable import make_durable, replace_file
from capture.storage.encoding import encode
from capture.storage.layout import INFO_NAME, LOG_NAME, read_info
from capture.storage.writer import RecordingWriter
from tests.support.frames import make_frame


def test_without_syncfs_files_are_flushed_before_folders_and_the_log_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_syncfs", None)
    files = [tmp_path / "rgb" / "0", tmp_path / "depth" / "0", tmp_path / "rgb" / "1"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    log_path = tmp_path / "log"
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    try:
        make_durable(log, files)
    finally:
        os.close(log)
    folders = [tmp_path / "rgb", tmp_path / "depth"] if os.name == "posix" else []
    in_turn = [synced[:3], synced[3:-1], synced[-1:]]
    assert [set(part) for part in in_turn] == [{p.stat().st_ino for p in part} for part in (files, folders, [log_path])]


@pytest.mark.skipif(sys.platform != "linux", reason="syncfs is Linux's")
def test_a_failing_disk_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        make_durable(-1, [])
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    make_durable(log, [])
    os.close(log)


def test_a_file_is_replaced_atomically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(tmp_path / "a", b"one")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk"):
        replace_file(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]


def test_the_document_counts_only_frames_that_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync after each frame: at each, and whenever `recording.json` is written, files and lines are counted."""
    on_disk: list[int] = []
    vouched: list[int] = []

    def note_sync(log: int, paths: object) -> None:
        on_disk.append(len(list(tmp_path.glob("*/confidence/*"))))
        make_durable(log, list(paths))

    def note_document(path: Path, data: bytes) -> None:
        replace_file(path, data)
        vouched.append(read_info(path.parent).frames)
        assert vouched[-1] <= on_disk[-1]

    monkeypatch.setattr(writer, "SYNC_INTERVAL_S", -1)
    monkeypatch.setattr(writer, "make_durable", note_sync)
    monkeypatch.setattr(writer, "replace_file", note_document)
    with RecordingWriter(tmp_path, "synced", source="test") as recording:
        for i in range(4):
            recording.append(encode(make_frame(i), None))
    assert vouched == [0, 1, 2, 3, 4, 4]
    assert on_disk == [0, 1, 2, 3, 4, 4]


def test_a_failing_disk_counts_no_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux reports a failed write once, and a second sync succeeds. So there must be no second one."""
    monkeypatch.setattr(writer, "SYNC_INTERVAL_S", -1)
    recording = RecordingWriter(tmp_path, "failed", source="test")
    recording.append(encode(make_frame(0), None))
    monkeypatch.setattr(writer, "make_durable", fail)
    with pytest.raises(
        LidarliveError, match=r"cannot be put on the disk \(the disk.*\)\. Opening it keeps what is whole"
    ):
        recording.append(encode(make_frame(1), None))
    monkeypatch.undo()
    recording.close()
    assert recording.path is not None
    assert (read_info(recording.path).status, read_info(recording.path).frames) == ("recording", 1)
    (recording.path / "depth" / "000001.png").write_bytes(b"")
    opened = Recording(recording.path)
    assert [frame.index for frame in opened] == [0]
    assert opened.repaired
    assert sorted(p.name for p in recording.path.glob("*.json*")) == [LOG_NAME, INFO_NAME]


def fail(*_: object) -> None:
    raise OSError(5, "the disk is broken")
