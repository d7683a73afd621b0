"""A running import: interrupted, killed, its memory and its progress display."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from app.cli.import_data import ImportCommand, run
from app.progress import frame_progress
from capture.formats.base import ImportOptions
from capture.formats.folders_reader import ImageFolder
from capture.formats.importing import import_path
from capture.inspection.checksums import damage
from capture.recording import Recording
from tests.app.cli.conftest import Call
from tests.support.foreign import depth_map, pairs, png, put
from tests.support.paths import ROOT
from tests.support.r3d_files import members, write_r3d


def test_an_interrupt_leaves_what_is_whole_marked_incomplete(tmp_path: Path):
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_path(put(tmp_path / "in", pairs(3)), tmp_path / "set", ImportOptions(), interrupt)
    (left,) = (tmp_path / "set").iterdir()
    assert (len(Recording(left)), Recording(left).info.status) == (2, "incomplete")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_kill_leaves_what_is_whole_marked_incomplete_once_it_is_opened(tmp_path: Path):
    source = put(tmp_path / "in", pairs(9))
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from capture.formats.base import ImportOptions\n"
        "from capture.formats.importing import import_path\n"
        "kill = lambda done, total: done == 4 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "import_path(Path(sys.argv[1]), Path(sys.argv[2]), ImportOptions(), kill)\n"
    )
    command = [sys.executable, "-c", program, source, tmp_path / "set"]
    assert subprocess.run(command, cwd=ROOT, timeout=60).returncode == -signal.SIGKILL
    (left,) = (tmp_path / "set").iterdir()
    recording = Recording(left)
    assert (len(recording), recording.info.status, recording.info.note) == (4, "incomplete", "imported from in")
    assert "4 whole frames kept" in recording.repaired
    assert list(damage(left)) == []


# The signal may come between `open` and its `with`: nobody closes that file, and Python remarks on it later.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_sigterm_ends_it_as_an_interrupt_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    read = ImageFolder.read_frame

    def terminated(folder: ImageFolder, i: int):
        if i == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return read(folder, i)

    monkeypatch.setattr(ImageFolder, "read_frame", terminated)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run(ImportCommand([put(tmp_path / "in", pairs(20)), tmp_path / "set"]))
    assert signal.getsignal(signal.SIGTERM) == before
    assert f"is in {tmp_path / 'set'}, marked incomplete" in capsys.readouterr().err
    (left,) = (tmp_path / "set").iterdir()
    assert Recording(left).info.status == "incomplete"
    assert 0 < len(Recording(left)) < 20
    assert list(damage(left)) == []


def imported(dataset: Path) -> list[str]:
    return sorted(Recording(path).info.name for path in dataset.iterdir())


def test_a_bad_file_does_not_keep_the_others_from_being_imported(tmp_path: Path, call: Call):
    good = [write_r3d(tmp_path / f"{name}.r3d", members()) for name in "ac"]
    cut, empty = tmp_path / "cut.r3d", tmp_path / "empty.r3d"
    cut.write_bytes(good[0].read_bytes()[:-100])
    empty.write_bytes(b"")
    done = call("import", good[0], cut, empty, good[1], tmp_path / "set")
    assert (done.returncode, imported(tmp_path / "set")) == (1, ["a", "c"])
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == ["3 frames", "3 frames"]
    first, second, last = done.stderr.splitlines()
    assert first.startswith(f"lidarlive: {cut} is cut short")
    assert second.startswith(f"lidarlive: {empty} is not a Record3D file: it is empty")
    assert last == "lidarlive: 2 of 4 data sets could not be imported; 2 were"


def test_a_folder_and_a_zip_of_files(tmp_path: Path, call: Call):
    (tmp_path / "walks").mkdir()
    for name in ("a", "b"):
        write_r3d(tmp_path / "walks" / f"{name}.r3d", members())
    with zipfile.ZipFile(tmp_path / "walks.zip", "w") as archive:
        for name in ("a", "b"):
            archive.write(tmp_path / "walks" / f"{name}.r3d", f"walks/{name}.r3d")
        archive.writestr("walks/c.r3d", b"x")
    done = call("import", tmp_path / "walks", tmp_path / "one")
    assert (done.returncode, done.stderr, imported(tmp_path / "one")) == (0, "", ["a", "b"])
    done = call("import", tmp_path / "walks.zip", tmp_path / "two")
    assert (done.returncode, imported(tmp_path / "two")) == (1, ["a", "b"])
    fault, last = done.stderr.splitlines()
    assert fault.startswith(f"lidarlive: {tmp_path / 'walks.zip'}/walks/c.r3d is not a Record3D file")
    assert last == "lidarlive: 1 of 3 data sets could not be imported; 2 were"
    done = call("import", tmp_path / "walks", tmp_path / "three", "--name", "x")
    assert (done.returncode, (tmp_path / "three").exists()) == (1, False)
    assert "--name names one recording" in done.stderr


def test_remarks_on_the_whole_are_printed_however_many_faults_there_were(tmp_path: Path, call: Call):
    files = pairs(8) | {f"depth/{i}.png": b"x" for i in range(7)} | {"depth/7.png": png(depth_map(20_000))}
    done = call("import", put(tmp_path / "in", files), tmp_path / "set")
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 6)
    assert done.stderr.splitlines()[-1].endswith("probably with --depth-scale 10000")
    assert done.stdout.endswith(": 1 frame, 7 damaged ones left out\n")


def test_progress_shows_the_rate_and_the_time_left():
    now = [0.0]
    screen = io.StringIO()
    console = Console(file=screen, width=100)
    with frame_progress(console=console, get_time=lambda: now[0]) as progress:
        task = progress.add_task("walk.r3d", total=600)
        for done in range(0, 301, 30):
            progress.update(task, completed=done)
            now[0] += 0.2
        progress.refresh()
        console.print(progress.make_tasks_table(progress.tasks))
    assert re.search(r"walk\.r3d .* 300/600 150 frames/s 0:00:02", screen.getvalue())


def test_a_few_frames_are_held_at_a_time(tmp_path: Path):
    """The peak memory of importing 60 frames, 430 kB each, is that of importing 6."""
    noise = np.random.default_rng(0).integers(0, 255, (480, 300, 3), np.uint8)
    data = {"rgb": bytes(cv2.imencode(".jpg", noise)[1]), "depth": png(depth_map(1000, (300, 480)))}
    peaks = []
    for frames in (6, 60):
        files = {
            f"{kind}/{i}.{end}": data[kind] for i in range(frames) for kind, end in (("rgb", "jpg"), ("depth", "png"))
        }
        source = put(tmp_path / str(frames), files)
        tracemalloc.start()
        import_path(source, tmp_path / "set", ImportOptions(), lambda done, total: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 5 * len(data["rgb"])  # those that are read ahead come and go as they will
