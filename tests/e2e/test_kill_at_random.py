"""kill -9 at random moments of a recording: what was written is whole, and of what was sent a second is gone at most.

The suite does five kills; `make torture SEED=7 KILLS=100` does as many as one likes.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from app.cli import check
from capture import clock
from capture.inspection.checksums import damage
from capture.recording import Recording
from capture.storage.layout import LOG_NAME, read_info
from capture.storage.repair import is_intact
from tests.support.frames import number_of
from tests.support.paths import ROOT
from tests.support.phones import phone
from tests.support.waiting import wait_until

KILLS = int(os.environ.get("TORTURE_KILLS", "5"))
SEED = os.environ.get("TORTURE_SEED", "0")
VICTIMS = ("app", "capture", "both")
FPS = 60
COMMITTED_FIRST = 30  # lines of the log before which no kill counts
SECOND_NS = 1_000_000_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("record3d_package"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX"),
]


@dataclass
class Tally:
    kills: Counter[str] = field(default_factory=Counter)
    committed: int = 0
    most_missing: int = 0


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    tally = Tally()
    yield tally
    kinds = ", ".join(f"{count} of {victim}" for victim, count in tally.kills.items())
    print(f"\nseed {SEED}: {tally.kills.total()} kills ({kinds}), {tally.committed} frames committed, all whole;")
    print(f"at most {tally.most_missing} frames that had been sent before a kill were not in the recording")


@pytest.mark.parametrize("number", range(KILLS))
def test_killed(number: int, numbered: Path, tmp_path: Path, tally: Tally, capsys: pytest.CaptureFixture[str]) -> None:
    chance, victim = random.Random(f"{SEED} {number}"), VICTIMS[number % len(VICTIMS)]
    with phone(numbered, fps=FPS, send_log=tmp_path / "sent.jsonl") as stand_in:
        with recording_app(tmp_path / "set", stand_in.address) as app:
            log = wait_for_lines(tmp_path / "set", COMMITTED_FIRST)
            capture = capture_process(app.pid)
            time.sleep(chance.uniform(0, 1))
            killed_ns = clock.now_ns()
            for process in {"app": [app], "capture": [capture], "both": chance.sample([app, capture], 2)}[victim]:
                process.send_signal(signal.SIGKILL)
            if victim == "capture":
                wait_for_lines(tmp_path / "set", log.read_bytes().count(b"\n") + COMMITTED_FIRST)
                app.terminate()
                assert app.wait(60) == 3, "frames were lost, and it says so"
            else:
                app.wait(60)
        wait_until(lambda: not capture.is_running(), "the end of the capture process")
    if victim == "capture":
        info = read_info(log.parent)
        assert info.status == "closed"
        assert info.lost["disconnected"] >= 1
    else:
        check_repair(log, tmp_path / "copy", capsys)
    recording = Recording(log.parent)
    assert list(damage(log.parent)) == []
    missing = missing_before(killed_ns, recording, tmp_path / "sent.jsonl")
    assert [sent_ns for sent_ns in missing if sent_ns < killed_ns - SECOND_NS] == []
    tally.kills[victim] += 1
    tally.committed += len(recording)
    tally.most_missing = max(tally.most_missing, len(missing))


@contextmanager
def recording_app(dataset: Path, address: str) -> Iterator[subprocess.Popen[bytes]]:
    words = ["-m", "app", "record", str(dataset), "--source", "usb", "--driver", "record3d", "--name", "torture"]
    environment = {**os.environ, "USBMUXD_SOCKET_ADDRESS": address}
    with (
        open(dataset.with_name("app.txt"), "wb") as output,
        subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment, stdout=output, stderr=output) as app,
    ):
        try:
            yield app
        finally:
            app.kill()


def wait_for_lines(dataset: Path, count: int) -> Path:
    """The log of the one recording in `dataset`, once it has `count` lines."""
    wait_until(
        lambda: any(log.read_bytes().count(b"\n") >= count for log in dataset.glob(f"*/{LOG_NAME}")), f"{count} lines"
    )
    (log,) = dataset.glob(f"*/{LOG_NAME}")
    return log


def capture_process(app_pid: int) -> psutil.Process:
    (process,) = [p for p in psutil.Process(app_pid).children() if "spawn_main" in " ".join(p.cmdline())]
    return process


def check_repair(log: Path, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every line that was written is whole; opening and `lidarlive check --repair` keep all of them, and report it."""
    info = read_info(log.parent)
    assert info.status == "recording"
    lines = log.read_bytes().split(b"\n")[:-1]
    assert len(lines) >= COMMITTED_FIRST
    assert [line for line in lines if not is_intact(log.parent, line, info)] == []
    shutil.copytree(log.parent, copy / log.parent.name)
    recording = Recording(log.parent)
    assert recording.info.status == "recovered"
    assert f"was not closed; {len(lines)} whole frames kept" in recording.repaired
    assert check.run(check.CheckCommand([copy], repair=True, json=True)) == 3
    document = json.loads(capsys.readouterr().out)
    assert list(document["repaired"].values()) == [recording.repaired]
    assert list(document["damage"].values()) == [[]]
    for name in (LOG_NAME, "recording.json"):
        assert (copy / log.parent.name / name).read_bytes() == (log.parent / name).read_bytes()
    assert (copy / log.parent.name / LOG_NAME).read_bytes().split(b"\n")[:-1] == lines


def missing_before(killed_ns: int, recording: Recording, send_log: Path) -> list[int]:
    """When those frames were sent that were so before the kill and after the last one that was recorded by then.

    Before that one, nothing may be missing that is not counted, and no frame may hold parts of another.
    """
    sent = {entry["n"]: entry for entry in map(json.loads, send_log.read_text().splitlines()) if "sent_ns" in entry}
    recorded: list[tuple[int, int]] = []  # (number of the phone's, number in the stream)
    for frame in recording:
        number = number_of(frame)
        if frame.received_ns < killed_ns:
            after = recorded[-1][0] if recorded else -1
            n = next(n for n in sent if n > after and sent[n]["clip_index"] == number)
            recorded.append((n, frame.index))
    for (n, stream_index), (next_n, next_stream_index) in pairwise(recorded):
        passed = sum(1 for between in range(n, next_n) if between in sent)
        assert passed == next_stream_index - stream_index, f"lost in silence after frame {n}"
    return [entry["sent_ns"] for n, entry in sent.items() if n > recorded[-1][0] and entry["sent_ns"] < killed_ns]
