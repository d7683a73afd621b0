"""The belief about the scale from picture to picture."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.motion.scale_filter import Prior, ScaleFilter


def test_without_evidence_the_prior_holds() -> None:
    belief = ScaleFilter()
    belief.advance(0.5, 0.1, 1.0, 1.0)
    mean, deviation = belief.belief()
    assert mean == 0
    assert 0.1 < deviation < 1
    assert not belief.has_evidence


def test_large_evidence_is_believed_and_small_uncertain_evidence_is_not() -> None:
    far, near = ScaleFilter(), ScaleFilter()
    far.observe(-1.2, 0.2)
    near.observe(-0.25, 0.25)
    assert far.belief()[0] == pytest.approx(-1.2, abs=0.08)
    assert abs(near.belief()[0]) < 0.1


@given(st.floats(-2, 2), st.floats(0.02, 0.3), st.integers(1, 100))
def test_the_same_evidence_again_makes_nothing_more_certain(log_scale: float, deviation: float, times: int) -> None:
    once, often = ScaleFilter(), ScaleFilter()
    once.observe(log_scale, deviation)
    for _ in range(times):
        often.observe(log_scale, deviation)
    assert often.belief() == pytest.approx(once.belief(), rel=1e-6)


@given(st.floats(-2, 2), st.floats(0.01, 0.5))
def test_the_answer_is_between_prior_and_evidence(log_scale: float, deviation: float) -> None:
    mean, spread = Prior().combined(log_scale, deviation**2)
    assert min(0.0, log_scale) <= mean <= max(0.0, log_scale)
    assert 0 < spread < 1.1


def test_a_jump_of_the_prediction_is_followed_at_once() -> None:
    belief = ScaleFilter()
    belief.observe(-1.0, 0.05)
    before = belief.belief()[0]
    belief.advance(prediction_change=math.log(1.5), change_deviation=0.02, new_share=0.0, seconds=0.1)
    assert belief.belief()[0] == pytest.approx(before - math.log(1.5), abs=0.03)


def test_what_was_seen_in_another_view_counts_less() -> None:
    belief = ScaleFilter()
    belief.observe(-1.0, 0.05)
    certain = belief.belief()[1]
    belief.advance(0.0, 0.0, 0.5, 0.1)
    assert belief.belief()[1] > 2 * certain
    for _ in range(2000):
        belief.advance(0.0, 0.0, 1.0, 0.1)
    assert belief.belief()[0] == pytest.approx(0, abs=0.05)
    belief.observe(0.4, 0.05)
    assert belief.belief()[0] == pytest.approx(0.4, abs=0.05)
