"""The facts of preset `tiny` (tests/support/tiny.py), without Keras, for processes that only offer it."""

from __future__ import annotations

from dataclasses import replace

from model.preset_facts import PRESETS

NAME = "tiny"
TINY_FACTS = replace(PRESETS["fast"], about="networks that are trained in seconds", size_multiple=2)
