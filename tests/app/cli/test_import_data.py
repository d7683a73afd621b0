"""A running import: interrupted, killed, its memory and its progress display."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tracemalloc
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
from tests.support.foreign import depth_map, pairs, png, put
from tests.support.paths import ROOT


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
