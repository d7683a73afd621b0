"""The window is killed in the middle of a training; the next one offers to resume it."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt

from app.window.main_window import Window
from capture import paths
from model import store
from model.events import Started
from model.preset_facts import PRESETS
from model.training.interrupted import interrupted
from tests.support.driven import Control, Story, click, dialog_of, from_nothing, in_front, open_retrain, press
from tests.support.stories import play
from tests.support.tiny_facts import NAME, TINY_FACTS
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.trainer, pytest.mark.timeout(1200)]


def die_in_training(window: Window) -> Story:
    """The window is killed once a checkpoint is there."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    from_nothing(dialog, NAME)
    click(dialog.choice.start_button)
    yield "two epochs", lambda: dialog.progress.plot.epochs > 1
    os.kill(os.getpid(), signal.SIGKILL)


def go_on_training(window: Window) -> Story:
    """The training of a killed window is offered, resumed, and becomes a version."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    started: list[Started] = []
    dialog.trainer.event_received.connect(lambda event: started.append(event) if isinstance(event, Started) else None)
    yield "the offer to go on", lambda: dialog.offer.isVisible()
    click(dialog.offer.resume_button)
    yield "the training", lambda: bool(started)
    assert started[0].resumed
    click(dialog.progress.stop_button)
    yield "the comparison", lambda: dialog.pages.currentWidget() is dialog.outcome
    dialog.close()
    yield from in_front(window)
    press(window, Qt.Key.Key_Q, Control)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_training_outlives_a_window_that_is_killed(
    environment: dict[str, str], two_recordings: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(PRESETS, NAME, TINY_FACTS)  # this process reads what the trainer left
    source = str(two_recordings)
    environment = {**environment, "TRAINER": "tests.support.tiny"}
    play(die_in_training, environment, source, statuses=(-signal.SIGKILL,))
    assert set(store.versions()) <= {store.starter()}
    wait_until(lambda: bool(interrupted(paths.weights_folder())), "the trainer to notice")
    play(go_on_training, environment, source)
    (new,) = (version for version in store.versions() if version != store.starter())
    assert json.loads((new / "report.json").read_text())["validated"]
