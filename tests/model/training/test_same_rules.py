"""The window checks a training by the rules that the trainer ends by, for every preset that is registered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from capture.errors import LidarliveError
from model.config import TrainConfig, VersionConfig
from model.export.readme import readme
from model.preset_facts import PRESETS
from model.presets import memory
from model.presets.memory import training_bytes
from model.training.estimate import estimate_s
from model.training.preflight import preflight
from tests.support.scenes import SMALL, scene_recording
from tests.support.weights import write_weights


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    scene_recording(tmp_path / "data", "first", 12, seed=1)
    scene_recording(tmp_path / "data", "last", 6, seed=2)
    return tmp_path / "data"


def problems(config: TrainConfig) -> list[str]:
    return [finding.text for finding in preflight(config) if finding.level == "problem"]


@pytest.mark.trainer
@pytest.mark.parametrize("preset", PRESETS)
def test_memory_is_refused_in_the_same_words(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    from model.train import train

    config = TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), preset=preset, continue_from=None)
    needed = training_bytes(preset, (192, 256), config.recipe.batch)
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=needed - 1))
    with pytest.raises(LidarliveError) as refused:
        train(config)
    assert problems(config) == [str(refused.value)]
    assert f"Training preset {preset} at 192x256" in str(refused.value)
    assert not (tmp_path / "v").exists()
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=needed))
    assert problems(config) == []


def test_a_preset_needs_one_entry(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is offered where it is listed can be checked, estimated and described."""
    edges = "something of its own"
    monkeypatch.setitem(PRESETS, "new", replace(PRESETS["fast"], about="a new one", edges=edges, size_multiple=2))
    config = TrainConfig(data=(str(dataset),), out=str(tmp_path / "v"), preset="new", **SMALL)
    assert problems(config) == []
    assert estimate_s(config, frames=12) > 0
    assert training_bytes("new", (64, 96), config.recipe.batch) > 0
    version = replace(VersionConfig.read(write_weights(tmp_path / "version")), preset="new")
    assert edges in readme(version, "v", "openvino", 0.0)
