"""The options of `lidarlive train` and the file of --config become one TrainConfig."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.train import TrainCommand, train_config
from capture.errors import LidarliveError
from model import store
from model.config import ACTIVE, TrainConfig
from tests.app.cli.conftest import Call


def saved(path: Path, **values: object) -> Path:
    path.write_text(json.dumps(values))
    return path


def test_options_alone() -> None:
    config = train_config(TrainCommand([Path("a"), Path("b")], held_out=["b"], epochs=3, size="64x96", budget=2.5))
    assert config == TrainConfig(
        data=("a", "b"),
        out=config.out,
        held_out=("b",),
        epochs=3,
        budget_minutes=2.5,
        size=(64, 96),
        continue_from=ACTIVE,
        resumable=True,
    )
    assert Path(config.out).parent == store.new_version_folder().parent


def test_a_file_alone(tmp_path: Path) -> None:
    written = TrainConfig(
        ("set",), str(tmp_path / "new"), ("x",), "original", 7, 9.0, 100, (64, 96), 4, 1e-3, 1.5, 0.25, None, 11, False
    )
    (tmp_path / "config.json").write_text(written.to_json())
    assert train_config(TrainCommand(config=tmp_path / "config.json")) == written


def test_options_override_the_file(tmp_path: Path) -> None:
    file = saved(tmp_path / "config.json", data=["old"], out="old", held_out=["x"], epochs=7, seed=11, turned=0.5)
    given = TrainCommand([Path("new")], out=Path("there"), held_out=["y"], epochs=2, seed=0, config=file)
    assert train_config(given) == TrainConfig(
        ("new",), "there", ("y",), epochs=2, seed=0, turned=0.5, continue_from=ACTIVE, resumable=True
    )
    assert train_config(TrainCommand(config=file, from_scratch=True)).continue_from is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold a JSON object. Received: list"),
        ('{"data": ["a"], "batches": 3}', "batches"),
        ('{"data": ["a"], "batch": 1}', "batch must be 2 or more"),
    ],
)
def test_a_bad_file(text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(LidarliveError, match=fault):
        train_config(TrainCommand(config=tmp_path / "config.json"))
    with pytest.raises(LidarliveError, match=r"nowhere\.json cannot be read"):
        train_config(TrainCommand(config=tmp_path / "nowhere.json"))


def test_no_data_is_wrong_usage(tmp_path: Path, call: Call) -> None:
    assert call("train").returncode == 2
    assert call("train", "--config", saved(tmp_path / "config.json", epochs=3)).returncode == 2
