"""The configuration of a training: refused where it makes no sense, and how it becomes a recipe."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from capture.errors import LidarliveError
from model.config import UNBOUNDED_EPOCHS, TrainConfig
from model.preset_facts import facts_of


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epochs": "ten"}, r"epochs must be int \| null\. Received: 'ten'"),
        ({"size": [100, 128], "preset": "fast"}, "multiples of 32"),
        ({"size": [100]}, r"size must be array of length 2\. Received: \[100\]"),
        ({"preset": "faster"}, "preset must be one of fast, original"),
        ({"size": [256, 192]}, "portrait"),
        ({"data": "folder"}, "data must be array. Received: 'folder'"),
        ({"data": []}, "at least one"),
        ({"colour": 1}, r"unknown options; known are data, .*Received: \['colour'\]"),
        ({"budget_minutes": -1}, "budget_minutes"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_one_clear_line(change: dict[str, Any], message: str):
    document = {"data": ["folder"], "out": "v", **change}
    with pytest.raises(LidarliveError, match=message):
        TrainConfig.from_json(json.dumps(document))


def test_the_recipe_is_the_presets_with_what_was_said_in_its_place():
    said = TrainConfig(data=("a",), out="v", preset="original", size=(50, 70))
    assert (said.recipe.batch, said.recipe.epochs, said.recipe.schedule) == (2, 30, "constant")
    fast = TrainConfig(data=("a",), out="v", continue_from=None)
    assert fast.recipe == facts_of("fast").recipe
    assert replace(fast, continue_from="v1").recipe.learning_rate == facts_of("fast").recipe.further_learning_rate
    assert replace(fast, learning_rate=0.5, epochs=7, batch=3).recipe.learning_rate == 0.5
    assert replace(fast, budget_minutes=1.0).recipe.epochs == UNBOUNDED_EPOCHS
    assert replace(fast, budget_minutes=1.0, epochs=7).recipe.epochs == 7


def test_a_configuration_survives_json():
    config = TrainConfig(data=("a", "b"), out="v", held_out=("b",), budget_minutes=2.5, size=(64, 96))
    assert TrainConfig.from_json(config.to_json()) == config
