"""A full, missing or read-only disk ends a recording with one clear line and keeps its intact frames."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.record import RecordCommand, run
from capture.errors import LidarliveError
from capture.inspection.checksums import damage
from capture.recorder.recorder import Recorder
from capture.recording import Dataset, Recording
from capture.storage import writer as writer_module
from capture.storage.encoding import EncodedFrame, encode
from capture.storage.layout import read_info
from capture.storage.writer import RESERVE_BYTES, RecordingWriter
from tests.support.disks import leave_free
from tests.support.frames import QuietSource, make_frame
from tests.support.paths import ROOT
from tests.support.waiting import wait_until


def record_until_it_ends(dataset: Path, before_frame: Callable[[int, Recorder], None] = lambda i, r: None) -> Recorder:
    recorder = Recorder(dataset, "walk", QuietSource())
    for i in range(2000):
        before_frame(i, recorder)
        recorder.offer(make_frame(i))
        wait_until(lambda i=i: recorder.status().written > i or recorder.full, "a frame or an error")
        if recorder.full:
            break
    assert recorder.join(20)
    recorder.offer(make_frame(0))
    return recorder


def first_encoded(i: int) -> EncodedFrame:
    """Every recording of these begins in the same second."""
    return encode(make_frame(i), "2026-11-23T14:05:09.000000Z")


def test_a_disk_that_fills_up_ends_the_recording_while_there_is_room_to_close_it(small_disk: Path) -> None:
    leave_free(small_disk, RESERVE_BYTES + 400_000)
    recorder = record_until_it_ends(small_disk / "set")
    status = recorder.status()
    assert status.error == (
        f"{status.path}: ended, its {status.written} frames are whole: only 63 MB are free on this disk and 64 MB must "
        "stay free. Free some space or choose another folder"
    )
    assert status.lost == {"recording_failed": 1}
    (recording,) = Dataset(small_disk / "set")
    assert (recording.info.status, recording.info.lost, recording.repaired) == ("incomplete", status.lost, "")
    assert [frame.index for frame in recording] == list(range(status.written))
    assert status.written > 10


def test_a_disk_that_is_too_full_to_begin(small_disk: Path) -> None:
    leave_free(small_disk, RESERVE_BYTES // 2)
    status = record_until_it_ends(small_disk / "set").status()
    assert status.error.startswith(f"{small_disk / 'set'}: cannot begin a recording here: only 32 MB are free")
    assert os.listdir(small_disk / "set") == []


def test_a_completely_full_disk_keeps_intact_frames(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program takes the last bytes at once: neither the frame nor the word that it failed can be written."""
    monkeypatch.setattr(writer_module, "RESERVE_BYTES", 0)
    leave_free(small_disk, 400_000)

    def fill(i: int, recorder: Recorder) -> None:
        if i == 5:
            leave_free(small_disk, 0)

    status = record_until_it_ends(small_disk / "set", fill).status()
    assert "cannot write frame 5 (No space left on device). The 5 frames before it are whole" in status.error
    assert "It could not be closed: " in status.error
    assert status.path is not None
    read = Recording(status.path)
    assert [frame.index for frame in read] == [0, 1, 2, 3, 4]
    assert "5 whole frames kept; not written back (No space left on device)" in read.repaired
    (small_disk / "ballast").unlink()
    assert "5 whole frames kept" in Recording(status.path).repaired
    assert read_info(status.path).status == "recovered"
    assert list(damage(status.path)) == []


def test_a_file_size_limit_acts_like_a_full_disk(tmp_path: Path) -> None:
    """The log cannot grow, its last line is torn off again."""
    script = (
        "import resource, signal, sys; from pathlib import Path; from capture.storage.encoding import encode\n"
        "from capture.errors import LidarliveError\n"
        "from capture.storage.writer import RecordingWriter; from tests.support.frames import make_frame\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with RecordingWriter(Path(sys.argv[1]), 'full', source='test') as writer:\n"
        "    writer.append(encode(make_frame(0), None))\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "    try:\n"
        "        for i in range(1, 100): writer.append(encode(make_frame(i), None))\n"
        "    except LidarliveError as error: print(error); raise SystemExit(1)\n"
    )
    if sys.platform == "win32":
        pytest.skip("file-size limits are POSIX")
    process = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 1, process.stderr
    assert "are whole; free some space" in process.stdout
    (recording,) = Dataset(tmp_path)
    assert recording.info.status == "incomplete"
    assert [frame.index for frame in recording] == list(range(len(recording)))
    assert 2 < len(recording) < 100
    assert not list(recording.path.glob(f"*/{len(recording):06d}.*")), "no file of the frame that failed stays"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not remove what is open")
def test_a_removed_folder_is_not_reported_as_intact(tmp_path: Path) -> None:
    def remove(i: int, recorder: Recorder) -> None:
        if i == 3:
            shutil.rmtree(tmp_path / "set")

    status = record_until_it_ends(tmp_path / "set", remove).status()
    assert "was moved or removed while it was recorded, after 3 frames" in status.error
    assert "Record again" in status.error
    assert "whole" not in status.error


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not move what is open")
def test_a_folder_that_is_moved_keeps_its_frames(tmp_path: Path) -> None:
    def move(i: int, recorder: Recorder) -> None:
        if i == 3:
            (tmp_path / "set").rename(tmp_path / "moved")

    assert "was moved or removed" in record_until_it_ends(tmp_path / "set", move).status().error
    (recording,) = Dataset(tmp_path / "moved")
    assert [frame.index for frame in recording] == [0, 1, 2]
    assert "3 whole frames kept" in recording.repaired


@pytest.mark.skipif(sys.platform == "win32", reason="modes of folders are POSIX")
def test_a_folder_that_becomes_read_only(tmp_path: Path) -> None:
    """Root may write everywhere, so it stops being root."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from capture.recorder.recorder import Recorder; from tests.support.frames import QuietSource, make_frame\n"
        "recorder = Recorder(Path(sys.argv[1]), 'locked', QuietSource())\n"
        "for i in range(5):\n"
        "    if i == 4:\n"
        "        for folder, _, _ in list(os.walk(recorder.status().path)): os.chmod(folder, 0o555)\n"
        "        if os.getuid() == 0: os.setuid(65534)\n"
        "    recorder.offer(make_frame(i))\n"
        "    while recorder.status().written <= i and not recorder.full: pass\n"
        "recorder.join()\n"
        "print(recorder.status().error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (path,) = tmp_path.iterdir()
    assert f"{path}: cannot write frame 4 (Permission denied). The 4 frames before it are whole" in done.stdout
    assert "It could not be closed: " in done.stdout
    for folder in (path, *path.iterdir()):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    assert [frame.index for frame in Recording(path)] == [0, 1, 2, 3]


@pytest.mark.parametrize("below", ["", "set"])
def test_a_data_set_that_is_a_file(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    status = record_until_it_ends(tmp_path / "file" / below).status()
    assert "cannot begin a recording here (" in status.error
    assert status.lost == {"recording_failed": 1}
    assert (tmp_path / "file").read_text() == "mine"


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "2026-11-23T14-05-09Z_same").write_text("a file")
    (tmp_path / "2026-11-23T14-05-09Z_same-2").mkdir()
    with RecordingWriter(tmp_path, "same", source="test") as writer:
        writer.append(first_encoded(0))
    assert writer.path == tmp_path / "2026-11-23T14-05-09Z_same-3"
    assert (tmp_path / "2026-11-23T14-05-09Z_same").read_text() == "a file"
    assert len(Recording(writer.path)) == 1


def test_two_processes_can_record_under_one_name_at_once(tmp_path: Path) -> None:
    begin, errors = threading.Barrier(4), []

    def write(number: int) -> None:
        try:
            with RecordingWriter(tmp_path, "same", source=f"source {number}") as writer:
                begin.wait(60)
                for i in range(10):
                    writer.append(replace(first_encoded(i), index=100 * number + i))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert {recording.info.source for recording in Dataset(tmp_path)} == {f"source {n}" for n in range(4)}
    for recording in Dataset(tmp_path):
        number = int(recording.info.source[-1])
        assert [line.stream_index for line in recording.lines()] == [100 * number + i for i in range(10)]
        assert list(damage(recording.path)) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  Küche / desk: 2 ", "Küche---desk--2"),
        ("../..", "recording"),
        ("", "recording"),
        ("a\\b\0c\nd", "a-b-c-d"),
        ("caf\udce9", "caf"),
        ("👩‍🚀 walk", "walk"),
        ("x" * 500, "x" * 50),
        ("部屋" * 200, "部屋" * 25),
    ],
)
def test_names_fit_every_file_system(tmp_path: Path, name: str, kept: str) -> None:
    with RecordingWriter(tmp_path, name, source="test") as writer:
        writer.append(first_encoded(0))
    (recording,) = Dataset(tmp_path)
    assert recording.path == tmp_path / f"2026-11-23T14-05-09Z_{kept}"
    assert recording.info.name == kept


@pytest.mark.usefixtures("record3d_package")
def test_the_command_ends_with_one_line_that_names_the_recording(numbered: Path, small_disk: Path) -> None:
    leave_free(small_disk, RESERVE_BYTES + 300_000)
    done = subprocess.run(
        [sys.executable, "-m", "app", "record", small_disk / "set", "--source", numbered, "--name", "walk"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    (recording,) = Dataset(small_disk / "set")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"lidarlive: {recording.path}: ended, its {len(recording)} frames are whole: only 63 MB")
    assert [frame.index for frame in recording] == list(range(len(recording)))
    assert len(recording) > 5


@pytest.mark.usefixtures("record3d_package")
def test_the_command_names_a_folder_it_cannot_write_to(numbered: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LidarliveError, match=r"file: cannot begin a recording here \(it is a file\)"):
        run(RecordCommand(tmp_path / "file", source=str(numbered), name="walk", json=True))
