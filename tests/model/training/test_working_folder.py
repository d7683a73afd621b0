"""The working folder of a training is held by one process, and deleted without taking it from another."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from model.training.checkpoint import STATE_NAME, folder_of, working_folder
from model.training.interrupted import discard
from tests.support.paths import ROOT

ROUNDS = 150
TRAINER = """
import os, sys
from pathlib import Path
from capture.errors import LidarliveError
from model.training.checkpoint import working_folder
out, rounds = Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
held = 0
while held < rounds:
    try:
        with working_folder(out, resume=False) as folder:
            os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL))
            (folder / "version").mkdir()
            (folder / "version" / "pair.bin").write_bytes(b"0")
            os.unlink(folder / "inside")
            assert (folder / "version" / "pair.bin").exists(), "somebody else has deleted it"
            held += 1
    except LidarliveError as error:
        assert "is being trained already" in str(error), error
print("done")
"""


def test_two_trainers_of_one_version_take_turns(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", TRAINER, str(tmp_path / "v"), str(ROUNDS)]
    trainers = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
    for trainer in trainers:
        assert trainer.stdin is not None
        trainer.stdin.write("\n")
        trainer.stdin.flush()
    assert [trainer.communicate(timeout=200) for trainer in trainers] == [("done\n", "")] * 2
    assert list(tmp_path.iterdir()) == []


def test_a_running_training_is_not_discarded_and_an_interrupted_one_is(tmp_path: Path) -> None:
    out = tmp_path / "v"
    with suppress(InterruptedError), working_folder(out, resume=False) as folder:
        (folder / STATE_NAME).write_bytes(b"state")
        (folder / "version").mkdir()
        with pytest.raises(LidarliveError, match="is being trained: stop the training"):
            discard(out)
        assert (folder / STATE_NAME).exists()
        raise InterruptedError
    assert (folder_of(out) / STATE_NAME).exists()
    discard(out)
    assert list(tmp_path.iterdir()) == []
    discard(out)
