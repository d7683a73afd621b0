"""`python -m model.train`, the trainer as a child process: one line on what is wrong, nothing left when stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from model.config import TrainConfig
from tests.support.paths import ROOT
from tests.support.scenes import SMALL, Training

pytestmark = pytest.mark.trainer


@pytest.fixture
def dataset(trained: Training) -> Path:
    return Path(trained.config.data[0])


def child(config: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "model.train"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, env=environment, **pipes)
    assert process.stdin is not None
    process.stdin.write(config)
    process.stdin.close()
    process.stdin = None
    return process


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path):
    config = TrainConfig(data=(str(tmp_path / "nothing"),), out=str(tmp_path / "v"), **SMALL)
    process = child(config.to_json())
    out, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert json.loads(out)["event"] == "error"
    assert error.strip().count("\n") == 0
    assert "does not exist" in error


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot ask a process to end")
def test_a_stopped_training_leaves_nothing(dataset: Path, tmp_path: Path):
    """Only events come on standard output, and after SIGTERM neither version nor scratch folder is there."""
    config = TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), **{**SMALL, "epochs": 1000})
    process = child(config.to_json())
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] == "progress":
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)  # as Ctrl-C does, by the terminal and through the parent
            break
    rest, _ = process.communicate(timeout=60)
    events += [json.loads(line) for line in rest.splitlines()]
    assert process.returncode == 1
    assert events[-1]["message"] == "The training was stopped; there is no new version"
    assert list(tmp_path.iterdir()) == []
