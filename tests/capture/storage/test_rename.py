"""Renaming a recording on disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage.layout import LOCK_NAME
from capture.storage.names import time_prefix
from capture.storage.rename import rename
from tests.support.frames import make_frame, write_recording


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_recording(tmp_path, "first", [make_frame(i) for i in range(3)])


def test_renaming_keeps_the_start_time_and_everything_else(recording: Path):
    before = recording.name
    renamed = rename(recording, "my room, again")
    assert renamed.name == before.replace("first", "my-room--again")
    assert not recording.exists()
    opened = Recording(renamed)
    assert (opened.info.name, opened.info.status, len(opened)) == ("my-room--again", "closed", 3)
    assert opened[2].depth_m[3, 3] == pytest.approx(1.002)


def test_a_name_in_use_gets_a_number(recording: Path):
    other = shutil.copytree(recording, recording.with_name(f"{time_prefix(recording)}other"))
    assert rename(other, "first").name == f"{recording.name}-2"
    assert rename(recording, "first") == recording


def test_a_folder_without_a_time_gets_the_name_alone(recording: Path):
    moved = recording.rename(recording.with_name("moved"))
    assert rename(moved, "kitchen") == recording.with_name("kitchen")


def test_an_empty_name_is_rejected(recording: Path):
    with pytest.raises(LidarliveError, match="must have a name"):
        rename(recording, "  ")


def test_a_recording_being_written_cannot_be_renamed(recording: Path):
    fcntl = pytest.importorskip("fcntl")
    with (recording / LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LidarliveError, match="stop it before you rename it"):
            rename(recording, "other")
    assert recording.exists()
