"""The Keras-free facts of the presets belong to the presets that there are."""

from __future__ import annotations

import pytest

from model.preset_facts import DEFAULT_PRESET, PRESETS, facts_of, preset_names


def test_every_preset_has_facts_and_networks() -> None:
    from model.presets import registry

    assert list(PRESETS) == list(registry.PRESETS)
    for name, preset in registry.PRESETS.items():
        assert preset.name == name
        assert preset.recipe == PRESETS[name].recipe


def test_the_default_is_one_of_them() -> None:
    assert facts_of(None) == PRESETS[DEFAULT_PRESET]
    assert preset_names() == ", ".join(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_the_facts_of_a_preset_make_sense(name: str) -> None:
    facts = PRESETS[name]
    assert facts.size_multiple >= 1
    assert min(facts.disk_bytes, facts.memory.fixed_bytes, facts.memory.bytes_per_pixel) > 0
    assert min(facts.cost.besides_s, facts.cost.graphs_s, *facts.cost.image_s) > 0
    assert facts.about
    assert facts.edges
