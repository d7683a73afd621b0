"""Train the pair as first published from nothing, and use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt

from app.window.main_window import Window
from model import store
from model.config import VersionConfig
from tests.support.driven import Control, Story, click, dialog_of, from_nothing, in_front, open_retrain, press
from tests.support.stories import play

pytestmark = [pytest.mark.slow, pytest.mark.trainer, pytest.mark.timeout(1200)]


def train_original(window: Window) -> Story:
    """The pair as first published, from nothing; compared with the weights in use, and used."""
    yield from open_retrain(window)
    dialog = dialog_of(window)
    from_nothing(dialog, "original")
    click(dialog.choice.start_button)
    yield "the training", lambda: dialog.trainer.running
    click(dialog.progress.stop_button)
    yield "the comparison", lambda: dialog.pages.currentWidget() is dialog.outcome
    new = dialog.new_weights
    click(dialog.outcome.use_button)
    yield "the new weights in the view", lambda: window.session.status().predicting.weights == new.name
    assert store.active() == new
    yield "their prediction", lambda: window.session.latest().prediction is not None
    dialog.close()
    yield from in_front(window)
    press(window, Qt.Key.Key_Q, Control)


def test_the_original_pair_is_trained_and_used(environment: dict[str, str], two_recordings: Path):
    play(train_original, environment, str(two_recordings))
    new = store.active()
    assert new is not None
    assert VersionConfig.read(new).preset == "original"
    comparison = json.loads((new / "report.json").read_text())["comparison"]
    assert comparison["champion"] == str(store.starter())
    assert not comparison["verdict"]["recommended"]
