"""One log file: of all threads and programs, bounded, and not flooded."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app import log_file
from app.log_file import log_in_use, open_log
from tests.support.paths import ROOT
from tests.support.programs import lidarlive

WRITER = """
import logging, sys
from pathlib import Path
from app import log_file
log_file.LOG_BYTES = int(sys.argv[3])
with log_file.open_log(Path(sys.argv[1])):
    for i in range(int(sys.argv[4])):
        logging.getLogger("lidarlive.capture").info(f"{sys.argv[2]} %d", i)
        sys.stdin.readline() if i == 0 else None
        if i % 15 == 14:  # another kind of message: of one kind twenty pass
            logging.getLogger(f"lidarlive.n{i}").info("next")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "lidarlive.log"


def test_every_logger_writes_with_its_name_and_thread(path: Path) -> None:
    with open_log(path):
        assert log_in_use() == path
        for name in ("capture", "recorder", "predictor", "trainer"):
            logging.getLogger(f"lidarlive.{name}").info("hello from %s", name)
        thread = threading.Thread(target=logging.getLogger("lidarlive.capture").warning, args=("late",), name="reader")
        thread.start()
        thread.join()
    assert log_in_use() is None
    lines = path.read_text().splitlines()
    assert len(lines) == 5
    for name, line in zip(("capture", "recorder", "predictor", "trainer"), lines, strict=False):
        assert f"INFO lidarlive.{name} [" in line
        assert line.endswith(f"hello from {name}")
    assert " reader] late" in lines[-1]


def test_nothing_logged_is_no_file(path: Path) -> None:
    with open_log(path):
        pass
    assert not path.parent.exists()


def test_an_exception_that_ends_the_program_is_logged(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_log(path):
        1 / 0  # noqa: B018
    assert "exception in the main thread" in path.read_text()
    assert "ZeroDivisionError: division by zero" in path.read_text()


def test_it_is_rotated_and_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LOG_BYTES", 2000)
    with open_log(path):
        for number in range(200):
            logging.getLogger(f"lidarlive.test{number}").info("a line of some length, number %d", number)
    files = sorted(file.name for file in path.parent.iterdir() if not file.name.startswith("."))
    assert files == ["lidarlive.log", "lidarlive.log.1"]
    assert all((path.parent / name).stat().st_size <= 2000 for name in files)
    assert "number 199" in path.read_text()


def test_two_programs_write_whole_lines_to_one_file(path: Path) -> None:
    """Even while it is rotated: nothing is lost but what two files cannot hold, and no line is torn."""
    each = 19
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name, "1000000", str(each)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    errors = [writer.communicate("\n")[1] for writer in writers]
    assert errors == [""] * 3
    lines = path.read_text().splitlines()
    for name in ("one", "two", "three"):
        assert [line.rpartition(" ")[2] for line in lines if f"] {name} " in line] == [str(i) for i in range(each)]


def test_two_programs_rotate_one_file(path: Path) -> None:
    size = 2_000
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen(
            [*command, name, str(size), "200"], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    assert [writer.communicate("\n")[1] for writer in writers] == [""] * 2
    for file in (path, path.with_name("lidarlive.log.1")):
        assert file.stat().st_size <= size
        assert all(" INFO lidarlive." in line for line in file.read_text().splitlines())


def test_a_folder_that_cannot_be_written_leaves_warnings_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with open_log(tmp_path / "file" / "lidarlive.log"):
        logging.getLogger("lidarlive.capture").info("usual")
        logging.getLogger("lidarlive.capture").warning("unusual")
        logging.getLogger("lidarlive.capture").warning("odd")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "cannot be written" in lines[0]
    assert lines[1:] == ["lidarlive: unusual", "lidarlive: odd"]


def test_a_command_that_records_writes_it(tmp_path: Path, own_home: Path, numbered: Path) -> None:
    done = lidarlive("record", tmp_path / "data", "--source", numbered, "--frames", 5)
    assert done.returncode in (0, 3), done.stderr
    log = (own_home / "lidarlive.log").read_text()
    assert "INFO lidarlive.recorder" in log
    assert "INFO lidarlive.capture" in log


def test_a_wrong_command_leaves_no_log(own_home: Path, tmp_path: Path) -> None:
    assert lidarlive("check", tmp_path / "nowhere").returncode == 1
    assert not (own_home / "lidarlive.log").exists()
