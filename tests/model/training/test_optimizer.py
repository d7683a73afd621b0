"""The schedule of the learning rate. What a step does with it is seen in training: tests/model/training/test_fit.py."""

from __future__ import annotations

import numpy as np
import pytest

from model.training.optimizer import learning_rate_factor

pytestmark = pytest.mark.trainer


def test_the_learning_rate_rises_and_falls_or_stays() -> None:
    factors = [learning_rate_factor("cosine", share) for share in np.linspace(0, 1, 101)]
    assert factors[0] < 0.2
    assert max(factors) == pytest.approx(1.0)
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert factors[-1] == pytest.approx(0.01)
    assert {learning_rate_factor("constant", share) for share in (0.0, 0.5, 1.0)} == {1.0}
