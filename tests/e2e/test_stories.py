"""The whole program as a person uses it: entered by its own main, on a real X display, by mouse and keyboard."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from capture import paths
from capture.formats.r3d_reader import R3dFile
from capture.recording import Dataset
from capture.storage.writer import RecordingWriter
from model import store
from model.config import VersionConfig
from model.training.interrupted import interrupted
from tests.conftest import skip_or_fail
from tests.support.frames import make_frame, write_recording
from tests.support.paths import ROOT
from tests.support.waiting import wait_until


@pytest.fixture
def environment(record3d_package: None, own_home: Path, x_display: str) -> dict[str, str]:
    (own_home / "share").mkdir()
    display = {"DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb"}
    return {**os.environ, **display, "XDG_DATA_HOME": str(own_home / "share")}


@pytest.fixture(scope="module")
def no_network() -> list[str]:
    """What a command is run by where it shall find no network, not even this computer's own address."""
    alone = ["unshare", "--map-root-user", "--net"]
    if sys.platform != "linux" or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        skip_or_fail("no network of its own for a process here: it takes Linux with user namespaces")
    return alone


def tell(
    story: str,
    environment: dict[str, str],
    source: str = "demo",
    *,
    by: Sequence[str] = (),
    statuses: tuple[int, ...] = (0, 3),
) -> None:
    """Status 3 is fine: on a busy computer the stand-in phone may drop a frame of what is recorded."""
    result = subprocess.run(
        [*by, sys.executable, "-m", "tests.support.driven", story, "view", "--source", source],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert result.returncode in statuses, result.stderr
    assert "Traceback" not in result.stderr


def test_record_play_rename_and_throw_away(environment: dict[str, str], own_home: Path):
    tell("record_and_look", environment)
    (snapshot,) = (own_home / "snapshots").iterdir()
    assert {"rgb.jpg", "depth.png", "window.png"} <= {file.name for file in snapshot.iterdir()}
    assert not list((own_home / "recordings").glob("*_*"))
    assert not (own_home / "lidarlive.log").exists()


def test_closing_while_recording_finishes_the_recording(environment: dict[str, str], own_home: Path):
    tell("close_while_recording", environment)
    (recording,) = Dataset(own_home / "recordings")
    assert recording.info.status == "closed"
    assert len(recording) > 10
    assert all(frame.rgb.any() for frame in recording)


@pytest.mark.timeout(600)
def test_retrain_compare_use_and_go_back(
    environment: dict[str, str], own_home: Path, real_data: Path, no_network: list[str]
):
    """On a few frames of real recordings, without a phone and without a network."""
    for name, first, frames in (("desk-1", 0, 12), ("desk-2", 60, 3)):
        writer = RecordingWriter(own_home / "recordings", name, source="a phone")
        with R3dFile(real_data / f"{name}.r3d") as source, writer:
            for i in range(frames):
                writer.append(replace(source.read_frame(first + 5 * i), index=i))
    assert writer.path is not None
    tell("retrain", environment, str(writer.path), by=no_network)
    versions = store.versions()
    assert len([version for version in versions if version != store.starter()]) == 1
    assert store.active() == store.starter()
    report = json.loads((store.versions()[-1] / "report.json").read_text())
    assert report["validated"]
    assert report["comparison"]["verdict"]["sentence"]


def two_recordings(folder: Path) -> Path:
    """Of 8 and 4 frames that have nothing in common; the second."""
    for name, first, frames in (("kitchen", 0, 8), ("garden", 100, 4)):
        made = [make_frame(first + i, rgb_size=(60, 80), depth_size=(48, 64)) for i in range(frames)]
        path = write_recording(folder, name, made)
    return path


@pytest.mark.timeout(600)
def test_the_original_pair_is_trained_and_used(environment: dict[str, str], own_home: Path):
    tell("train_original", environment, str(two_recordings(own_home / "recordings")))
    new = store.active()
    assert new is not None
    assert VersionConfig.read(new).preset == "original"
    comparison = json.loads((new / "report.json").read_text())["comparison"]
    assert comparison["champion"] == str(store.starter())
    assert not comparison["verdict"]["recommended"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_training_outlives_a_window_that_is_killed(environment: dict[str, str], own_home: Path):
    source = str(two_recordings(own_home / "recordings"))
    environment = {**environment, "TRAINER": "tests.support.tiny"}
    tell("die_in_training", environment, source, statuses=(-signal.SIGKILL,))
    assert set(store.versions()) <= {store.starter()}
    wait_until(lambda: bool(interrupted(paths.weights_folder())), "the trainer to notice")
    tell("go_on_training", environment, source)
    (new,) = (version for version in store.versions() if version != store.starter())
    assert json.loads((new / "report.json").read_text())["validated"]
