"""The whole program as a person uses it: entered by its own main, on a real X display, by mouse and keyboard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from capture.formats.r3d import R3dFile
from capture.recording import Dataset
from capture.writer import RecordingWriter
from model import store


@pytest.fixture
def environment(record3d_package: None, own_home: Path, x_display: str) -> dict[str, str]:
    (own_home / "share").mkdir()
    display = {"DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb"}
    return {**os.environ, **display, "XDG_DATA_HOME": str(own_home / "share")}


def tell(story: str, environment: dict[str, str], source: str = "demo") -> None:
    """Status 3 is fine: on a busy computer the stand-in phone may drop a frame of what is recorded."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.driven", story, "view", "--source", source],
        env=environment,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert result.returncode in (0, 3), result.stderr
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
def test_retrain_compare_use_and_go_back(environment: dict[str, str], own_home: Path, real_data: Path):
    """On a few frames of real recordings; no network, for there is none in any test."""
    for name, first, frames in (("desk-1", 0, 12), ("desk-2", 60, 3)):
        writer = RecordingWriter(own_home / "recordings", name, source="a phone")
        with R3dFile(real_data / f"{name}.r3d") as source, writer:
            for i in range(frames):
                writer.append(replace(source.encoded(first + 5 * i), index=i))
    assert writer.path is not None
    tell("retrain", environment, str(writer.path))
    versions = store.versions()
    assert len([version for version in versions if version != store.starter()]) == 1
    assert store.active() == store.starter()
    report = json.loads((store.versions()[-1] / "report.json").read_text())
    assert report["validated"]
    assert report["comparison"]["verdict"]["sentence"]
