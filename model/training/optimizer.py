"""How far a training step goes: Adam, the schedule of its rate, and variables that take a share of the step."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras

from model.preset_facts import Recipe
from model.presets.base import Tensor, Variable

WARM_UP = 0.05  # share of a cosine schedule in which the learning rate rises
LEAST_LEARNING_RATE = 0.01  # share of the highest that is left at its end


def learning_rate_factor(schedule: str, share: float) -> float:
    """What of the learning rate applies when `share` of the task is done: warm-up, then half a cosine, or all of it."""
    if schedule == "constant":
        return 1.0
    if share < WARM_UP:
        return (share + 0.01) / (WARM_UP + 0.01)
    wave = 0.5 * (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))
    return LEAST_LEARNING_RATE + (1 - LEAST_LEARNING_RATE) * wave


class Adam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam (Kingma & Ba 2015) in which a variable may take a share of the step."""

    def __init__(self, rate: Callable[[Variable], float] | None, recipe: Recipe) -> None:
        super().__init__(recipe.learning_rate, global_clipnorm=recipe.clip_norm, name="adam")
        self.rate = rate

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        # Under TensorFlow the variable comes bare of what Keras knows of it, such as its path.
        known = self._trainable_variables[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * (1.0 if self.rate is None else self.rate(known)))
