"""Retrain on real recordings, compare the new weights with those in use, use them and go back."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt

from app.window.main_window import Window
from capture.formats.r3d_reader import R3dFile
from capture.storage.writer import RecordingWriter
from model import store
from tests.support.driven import Control, Story, click, dialog_of, in_front, open_retrain, press
from tests.support.requirements import skip_or_fail
from tests.support.stories import play

pytestmark = [pytest.mark.slow, pytest.mark.trainer, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def no_network() -> list[str]:
    """What a command is run by where it shall find no network, not even this computer's own address."""
    alone = ["unshare", "--map-root-user", "--net"]
    if sys.platform != "linux" or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        skip_or_fail("no network of its own for a process here: it takes Linux with user namespaces")
    return alone


def retrain(window: Window) -> Story:
    """Choose, start (twice), watch, stop and keep the best, compare, use, go back."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    click(dialog.choice.start_button)
    click(dialog.choice.start_button)
    yield "an epoch", lambda: dialog.progress.plot.epochs > 0
    click(dialog.progress.stop_button)  # early: both networks are still to have one
    yield "a prediction of the held-out frame", lambda: dialog.progress.predicted.has_picture
    yield "the comparison", lambda: dialog.pages.currentWidget() is dialog.outcome
    before, new = store.active(), dialog.new_weights
    click(dialog.outcome.use_button)
    yield "the new weights in the view", lambda: window.session.status().predicting.weights == new.name
    assert store.active() == new != before
    yield "the way back", lambda: dialog.outcome.back_button.isVisible() and dialog.outcome.back_button.isEnabled()
    click(dialog.outcome.back_button)
    yield "the weights before in the view", lambda: window.session.status().predicting.weights == before.name
    assert store.active() == before
    dialog.close()
    yield from in_front(window)
    press(window, Qt.Key.Key_Q, Control)


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
    play(retrain, environment, str(writer.path), by=no_network)
    versions = store.versions()
    assert len([version for version in versions if version != store.starter()]) == 1
    assert store.active() == store.starter()
    report = json.loads((store.versions()[-1] / "report.json").read_text())
    assert report["validated"]
    assert report["comparison"]["verdict"]["sentence"]
