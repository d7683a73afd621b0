"""Repair after a crash or a power cut: no intact frame is lost, and none is invented."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli import check
from capture.errors import LidarliveError
from capture.frame import Camera
from capture.recording import Dataset, Recording
from capture.storage.layout import INFO_NAME, LOCK_NAME, LOG_NAME, read_info
from capture.storage.repair import being_written, repair
from tests.support.frames import as_version_1, make_frame, timed, write_recording
from tests.support.paths import ROOT

FRAMES = 6
KINDS = (("rgb", "jpg"), ("depth", "png"), ("confidence", "png"))


def tear(path: Path, durable: int = 0) -> Path:
    """Make a closed recording look as a crash leaves it, which came when `durable` frames were known to be on disk."""
    info = json.loads((path / INFO_NAME).read_text())
    (path / INFO_NAME).write_text(json.dumps({**info, "status": "recording", "frames": durable}))
    return path


def torn(dataset: Path, frames: int = 3, durable: int = 0) -> Path:
    return tear(write_recording(dataset, "torn", [make_frame(i) for i in range(frames)]), durable)


def numbers(path: Path) -> list[int]:
    return [frame.index for frame in Recording(path)]


@pytest.mark.parametrize("rest", [b'{"index": 3, "stream_in', b"\xff\xfe\x00", b"\x00" * 300 + b"\n", b"\n", b"{}\n"])
def test_invalid_lines_are_cut_off(tmp_path: Path, rest: bytes) -> None:
    path = torn(tmp_path, durable=2)
    with open(path / LOG_NAME, "ab") as log:
        log.write(rest)
    recording = Recording(path)
    assert "3 whole frames kept, 1 torn dropped" in recording.repaired
    assert (recording.info.status, recording.info.frames) == ("recovered", 3)
    assert numbers(path) == [0, 1, 2]
    assert Recording(path).repaired == "", "repaired once"


def test_a_line_with_a_damaged_file_is_dropped(tmp_path: Path) -> None:
    path = torn(tmp_path, durable=1)
    last = path / "depth" / "000001.png"
    last.write_bytes(last.read_bytes()[:-5])
    assert numbers(path) == [0, 2], "the line behind it is whole"
    assert last.exists(), "what no line names stays where it is"


def test_a_last_line_that_lost_only_its_end_is_kept(tmp_path: Path) -> None:
    path = torn(tmp_path)
    (path / LOG_NAME).write_bytes((path / LOG_NAME).read_bytes()[:-1])
    assert numbers(path) == [0, 1, 2]
    assert (path / LOG_NAME).read_bytes().endswith(b"}\n")


def test_killed_in_mid_recording(tmp_path: Path) -> None:
    """A process that dies without a word leaves whole frames, and the next to look repairs the rest."""
    script = (
        "import os, sys; from pathlib import Path; from capture.storage.encoding import encode\n"
        "from capture.storage.writer import RecordingWriter; from tests.support.frames import make_frame\n"
        "writer = RecordingWriter(Path(sys.argv[1]), 'killed', source='test')\n"
        "for i in range(20): writer.append(encode(make_frame(i), None))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    process = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
    assert process.returncode != 0
    (recording,) = Dataset(tmp_path)
    assert recording.info.status == "recovered"
    assert [frame.index for frame in recording] == list(range(20))
    assert not (recording.path / LOCK_NAME).exists()


def test_a_missing_log(tmp_path: Path) -> None:
    path = torn(tmp_path)
    (path / LOG_NAME).unlink()
    assert numbers(path) == []


def test_leftover_temporary_files_are_ignored(tmp_path: Path) -> None:
    path = torn(tmp_path)
    (path / LOCK_NAME).touch()
    (path / f"{INFO_NAME}.new").write_text('{"name": "to')
    assert not being_written(path)
    assert numbers(path) == [0, 1, 2]
    assert sorted(child.name for child in path.iterdir() if child.is_file()) == [LOG_NAME, INFO_NAME]


def test_a_recording_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = torn(tmp_path)
    with FileLock(path / LOCK_NAME):
        assert being_written(path)
        assert Recording(path).repaired == ""
        assert check.run(check.CheckCommand([tmp_path], repair=True, json=True)) == 0
    assert "3 whole frames kept" in Recording(path).repaired


def test_a_recording_closed_meanwhile_keeps_its_status(tmp_path: Path) -> None:
    path = write_recording(tmp_path, "closed", [make_frame(0)])
    repaired = repair(path)
    assert (repaired.info.status, repaired.done) == ("closed", "")


@pytest.mark.parametrize("document", [None, b"", b"\x00" * 700, b'{"name": "to'])
def test_a_lost_document_is_rebuilt_by_the_command(
    tmp_path: Path, document: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_recording(tmp_path, "lost", [make_frame(i, depth_size=(192, 256)) for i in range(3)])
    before = read_info(path)
    (path / INFO_NAME).unlink()
    if document is not None:
        (path / INFO_NAME).write_bytes(document)
    with pytest.raises(LidarliveError, match=r"check --repair|holds none"):
        Dataset(tmp_path)
    assert check.run(check.CheckCommand([tmp_path], repair=False, json=False)) == 3
    assert f"{path}: 1 fault found\n    " in capsys.readouterr().out
    assert check.run(check.CheckCommand([tmp_path], repair=True, json=False)) == 3
    out, err = capsys.readouterr()
    assert out.startswith(f"{path}: whole\n")
    assert f"3 whole frames kept, {INFO_NAME} rebuilt" in err
    after = Recording(path)
    assert numbers(path) == [0, 1, 2]
    assert (after.info.name, after.camera, after.info.status) == ("lost", Camera.LIDAR, "recovered")
    assert (after.info.rgb_size, after.info.depth_size, after.info.has_confidence) == (
        before.rgb_size,
        before.depth_size,
        before.has_confidence,
    )
    if document is not None:
        assert (path / f"{INFO_NAME}.damaged").read_bytes() == document


def test_a_recording_killed_before_its_first_frame_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the folder and its first document."""
    (tmp_path / "2026-11-23T14-05-09Z_desk").mkdir()
    whole = write_recording(tmp_path, "whole", [make_frame(0)])
    assert [recording.path for recording in Dataset(tmp_path)] == [whole]
    assert check.run(check.CheckCommand([tmp_path], repair=True, json=True)) == 3
    document = json.loads(capsys.readouterr().out)
    (done,) = document["repaired"].values()
    assert "no frame is intact. There is nothing to repair; the folder can be deleted" in done
    assert document["damage"][str(whole)] == []


def test_a_read_only_folder_is_read_up_to_the_damage(small_disk: Path) -> None:
    path = torn(small_disk, durable=1)
    (path / LOCK_NAME).touch()
    with open(path / LOG_NAME, "ab") as log:
        log.write(b'{"index": 3')
    (path / "rgb" / "000001.jpg").write_bytes(b"torn")
    before = (path / LOG_NAME).read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for _ in range(2):
        recording = Recording(path)
        assert [frame.index for frame in recording] == [0, 2]
        assert "2 whole frames kept, 2 torn dropped; not written back (Read-only file system)" in recording.repaired
    assert (path / LOG_NAME).read_bytes() == before


ORIGINAL = st.none()
TORN = st.one_of(st.just(b""), st.just(b"\x00" * 64), st.binary(max_size=64), st.integers(1, 20))  # or so much cut off
LOSS = st.one_of(ORIGINAL, st.just("gone"), TORN)


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("six"), "six", [make_frame(i) for i in range(FRAMES)])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_power_cut_costs_only_the_frames_it_damaged(six: Path, data: st.DataObject) -> None:
    """Whatever the frames since the last word on the disk lost, of their files and of the log, in any order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copytree(six, Path(folder) / six.name))
        durable = data.draw(st.integers(0, FRAMES), label="durable")
        tear(path, durable)
        lines = (path / LOG_NAME).read_bytes().split(b"\n")[:-1]
        whole = set(range(FRAMES))
        for i in range(durable, FRAMES):
            for kind, extension in KINDS:
                if lose(path / kind / f"{i:06d}.{extension}", data.draw(LOSS)):
                    whole.discard(i)
        log = bytearray((path / LOG_NAME).read_bytes())
        vouched = len(b"".join(line + b"\n" for line in lines[:durable]))
        del log[data.draw(st.integers(vouched, len(log)), label="cut") :]
        hole = data.draw(st.integers(vouched, len(log)), label="hole")
        end = min(len(log), hole + data.draw(st.integers(0, 700), label="length"))
        log[hole:end] = b"\x00" * (end - hole)
        (path / LOG_NAME).write_bytes(log)
        left = bytes(log).split(b"\n")
        expected = [i for i in sorted(whole) if lines[i] in left]
        files = {file: file.read_bytes() for file in path.glob("*/*")}

        assert numbers(path) == expected
        assert {file: file.read_bytes() for file in path.glob("*/*")} == files, "a repair touches no picture"
        assert Recording(path).repaired == ""
        assert numbers(path) == expected


def lose(file: Path, loss: bytes | str | int | None) -> bool:
    """What the disk had of a file when the power went; whether that differs from what was written."""
    before = file.read_bytes()
    if loss is None:
        return False
    if loss == "gone":
        file.unlink()
        return True
    left = before[:-loss] if isinstance(loss, int) else bytes(loss)
    file.write_bytes(left)
    return left != before


def test_two_processes_that_open_at_once_repair_once(tmp_path: Path) -> None:
    path = torn(tmp_path, frames=40)
    script = "import sys; from capture.recording import Recording; print(len(Recording(sys.argv[1])))"
    opening = [
        subprocess.Popen([sys.executable, "-c", script, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in opening] == ["40", "40"]
    assert [process.returncode for process in opening] == [0, 0]
    assert sorted(os.listdir(path)) == ["confidence", "depth", LOG_NAME, INFO_NAME, "rgb"]


def test_times_of_the_phone_survive(tmp_path: Path) -> None:
    sent = [timed(make_frame(i)) for i in range(4)]
    path = tear(write_recording(tmp_path, "torn", sent))
    (path / INFO_NAME).unlink()
    (path / "depth" / "000001.png").unlink()
    repaired = repair(path)
    assert repaired.info.schema_version == 2
    kept = [(frame.camera_time_s, frame.phone_time_unix_s) for frame in Recording(path)]
    assert kept == [(frame.camera_time_s, frame.phone_time_unix_s) for frame in sent if frame.index != 1]


def test_a_recording_of_an_earlier_version_keeps_its_version(tmp_path: Path) -> None:
    path = as_version_1(torn(tmp_path))
    (path / INFO_NAME).unlink()
    repair(path)
    assert Recording(path).info.schema_version == 1
    assert numbers(path) == [0, 1, 2]
