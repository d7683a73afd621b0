"""Adam with a learning rate schedule and a share of the rate by variable."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras

from model.preset_facts import Recipe
from model.presets.base import Tensor, Variable

WARM_UP = 0.05  # share of a cosine schedule in which the learning rate rises
LEAST_LEARNING_RATE = 0.01  # at the end, as a share of the highest


def learning_rate_factor(schedule: str, share: float) -> float:
    """Factor of the learning rate when `share` of the task is done: warm-up, then half a cosine, or 1 throughout."""
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
        # Under TensorFlow the variable lacks Keras's attributes, such as its path.
        known = self._trainable_variables[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * (1.0 if self.rate is None else self.rate(known)))
