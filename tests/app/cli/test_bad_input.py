"""Bad input ends in one clear line and status 1, wrong usage in status 2; five times by a real process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.app.cli.conftest import Call
from tests.support.frames import make_frame, write_recording
from tests.support.programs import lidarlive


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["record", "{tmp}/set", "--source", "nonsense"], "Received: 'nonsense'"),
        (["record", "{tmp}/set", "--source", "{tmp}/file.r3d"], "file.r3d"),
        (["record", "{tmp}/file.r3d/set", "--source", "{numbered}"], "cannot begin a recording here"),
        (["record", "{tmp}/set", "--every", "0"], "every must be a whole number from 1 to 1000. Received: 0"),
        (["record", "{tmp}/set", "--moved", "nan"], "--moved must be above 0 and at most 100 cm. Received: nan"),
        (["record", "{tmp}/set", "--note", "x" * 501], "a note must have at most 500 characters. Received: 501"),
        (["view", "--source", "{tmp}"], "is not a recording and holds none"),
        (["view", "--source", "{numbered}", "--weights", "nobody"], "There is no weights version nobody"),
        (["inspect", "{tmp}"], "is not a recording and holds none"),
        (["inspect", "{tmp}/nowhere"], "does not exist"),
        (["import", "{tmp}/nowhere.r3d", "{tmp}/set"], "nowhere.r3d does not exist"),
        (["import", "{tmp}/empty", "{tmp}/set"], "is not a folder of pictures and depth maps"),
        (["import", "{tmp}", "{tmp}/set"], "file.r3d is not a Record3D file"),
        (["import", "{tmp}", "{tmp}/set", "--depth-scale", "0"], "the depth scale must be 1 (metres)"),
        (["import", "{tmp}", "{tmp}/set", "--intrinsics", "500,500,320"], "Received: '500,500,320'"),
        (["import", "{tmp}", "{tmp}", "{tmp}/set", "--name", "x"], "--name names one recording"),
        (["train", "{tmp}", "--from-scratch"], "is not a recording and holds none"),
        (["emulate", "{tmp}/nowhere"], "nowhere"),
        (["weights", "use", "nobody"], "There is no weights version nobody"),
        (["weights", "compare", "starter", "nobody", "{numbered}"], "There is no weights version nobody"),
        (["weights", "compare", "starter", "starter", "{tmp}"], "is not a recording and holds none"),
    ],
)
def test_bad_input(words: list[str], line: str, tmp_path: Path, numbered: Path, call: Call) -> None:
    require_one_line(call(*filled(words, tmp_path, numbered)), line)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["record", "{tmp}/set", "--source", "usb"], "no usbmuxd at UNIX:"),
        (["import", "{tmp}/file.r3d", "{tmp}/set"], "file.r3d"),
        (["train", "{numbered}", "--size", "big"], "Received: 'big'"),
        (["evaluate", "{tmp}"], "is not a recording and holds none"),
        (["weights", "rollback"], "no earlier version"),
    ],
)
def test_bad_input_of_a_real_process(words: list[str], line: str, tmp_path: Path, numbered: Path) -> None:
    require_one_line(lidarlive(*filled(words, tmp_path, numbered)), line)


def filled(words: list[str], tmp_path: Path, numbered: Path) -> list[str]:
    (tmp_path / "file.r3d").write_bytes(b"nothing of the kind")
    (tmp_path / "empty").mkdir()
    return [word.format(tmp=tmp_path, numbered=numbered) for word in words]


def require_one_line(done: subprocess.CompletedProcess[str], line: str) -> None:
    errors = done.stderr.strip().splitlines()
    assert done.returncode == 1, done.stderr
    assert errors[-1].startswith("lidarlive: ")
    assert line in errors[-1]
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""


@pytest.mark.parametrize("words", [["nonsense"], ["record"], ["import", "one"], ["view", "--frames", "0"]])
def test_wrong_usage(words: list[str], call: Call) -> None:
    assert call(*words).returncode == 2


def test_an_empty_recording_cannot_be_trained_on(tmp_path: Path, call: Call) -> None:
    path = write_recording(tmp_path, "empty", [make_frame(0)])
    (path / "frames.jsonl").write_bytes(b"")
    done = call("train", tmp_path, "--from-scratch", "--epochs", 1)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("lidarlive: ")
