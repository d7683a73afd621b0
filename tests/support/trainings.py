"""The trainer as a child process of a test, and the networks that it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from model.config import TrainConfig
from tests.support.paths import ROOT


def child(config: TrainConfig, stage: str, epoch: int, more: bool = False) -> subprocess.Popen[str]:
    """The trainer with the tiny networks as a process, which waits in that epoch; `more` lines may follow."""
    root = ROOT
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.tiny", stage, str(epoch)], text=True, cwd=root, env=environment, **pipes
    )
    assert process.stdin is not None
    process.stdin.write(config.to_json() + "\n")
    process.stdin.flush()
    if not more:
        process.stdin.close()
        process.stdin = None
    return process


def events_of(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def networks_of(version: Path) -> list[np.ndarray]:
    names = ("gradient", "finetune")
    return [w for name in names for w in keras.saving.load_model(version / f"{name}.keras").get_weights()]
