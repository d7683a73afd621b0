"""Trainings that cannot be: refused before anything is made, or ended with nothing left behind."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from capture.errors import LidarliveError
from model.config import TrainConfig
from model.presets import registry
from model.train import train
from tests.support.frames import write_recording
from tests.support.scenes import SMALL, Training, scene_frame
from tests.support.tasks import diverging_preset

pytestmark = pytest.mark.trainer


@pytest.fixture
def dataset(trained: Training) -> Path:
    return Path(trained.config.data[0])


def test_a_loss_that_is_no_number_ends_the_training_and_leaves_nothing(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(registry.PRESETS, "fast", diverging_preset(registry.PRESETS["fast"]))
    config = TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), **SMALL)
    with pytest.raises(LidarliveError, match=r"loss of the gradient network is not finite in epoch 1"):
        train(config)
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_refused_before_anything_is_made(dataset: Path, tmp_path: Path):
    out = str(tmp_path / "v")
    blind = write_recording(tmp_path / "data", "blind", [scene_frame(i, confidence=0) for i in range(3)])
    with pytest.raises(LidarliveError, match=r"No frame of .*_blind has depth with confidence: nothing can be learned"):
        train(TrainConfig(data=(str(blind),), out=out, **SMALL))
    with pytest.raises(LidarliveError, match="what is held out cannot measure"):
        train(TrainConfig(data=(str(dataset), str(blind)), held_out=("blind",), out=out, **SMALL))
    with pytest.raises(LidarliveError, match="does not exist"):
        train(TrainConfig(data=(str(tmp_path / "nothing"),), out=out, **SMALL))
    with pytest.raises(LidarliveError, match="exists already"):
        train(TrainConfig(data=(str(dataset),), out=str(tmp_path), **SMALL))
    with pytest.raises(LidarliveError, match="no weights version elsewhere"):
        train(TrainConfig(data=(str(dataset),), out=out, **{**SMALL, "continue_from": "elsewhere"}))
    assert not Path(out).exists()


def test_going_on_from_another_preset_is_refused(trained: Training, tmp_path: Path):
    further = replace(trained.config, out=str(tmp_path / "v2"), continue_from=trained.config.out, preset="original")
    with pytest.raises(
        LidarliveError, match=r"v1 is of preset fast, and original cannot continue from it.*--from-scratch"
    ):
        train(further)
    folder = tmp_path / "weights"
    shutil.copytree(trained.config.out, folder)
    document = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**document, "canonical_focal_px": 500.0}))
    with pytest.raises(LidarliveError, match=r"canonical focal length of 500\.0 px"):
        train(replace(further, preset=None, continue_from=str(folder)))
