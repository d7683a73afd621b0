"""Carry the factor from picture to picture: prior, evidence, and what changes in between.

Pictures a tenth of a second apart show the same points with the same errors, so that evidence is combined as if its
errors were the same, never as independent: the deviation is at best that of the best evidence (the cautious end of
covariance intersection: Julier and Uhlmann, "A Non-divergent Estimation Algorithm", ACC 1997).

The prior is combined at the end. It has two parts, because the network either knows the kind of scene or does not:
small evidence against a familiar scene is mostly error, large evidence is believed. Without evidence the factor is 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FORGOTTEN_BY_A_NEW_VIEW = 0.3  # deviation added where the picture shows nothing that it showed before
FORGOTTEN_A_SECOND = 0.03


@dataclass(frozen=True)
class Prior:
    """Standard deviations of the network's log scale over many scenes, and the share of scenes of a foreign kind.

    The starter: 0.12 on NYU's validation images and on 7-Scenes' kitchen; a desk at half a metre is off by 0.9,
    a door handle by 1.5.
    """

    familiar: float = 0.12
    foreign: float = 1.0
    foreign_share: float = 0.25

    def combined(self, log_scale: float, variance: float) -> tuple[float, float]:
        """Return mean and standard deviation of the log scale, given evidence; an infinite variance is none."""
        parts = [(1 - self.foreign_share, self.familiar**2), (self.foreign_share, self.foreign**2)]
        if math.isinf(variance):
            return 0.0, math.sqrt(sum(share * prior for share, prior in parts))
        likely = [_log_normal(log_scale, prior + variance) + math.log(share) for share, prior in parts]
        most = max(likely)
        weights = [math.exp(value - most) for value in likely]
        means = [log_scale * prior / (prior + variance) for _, prior in parts]
        variances = [variance * prior / (prior + variance) for _, prior in parts]
        total = sum(weights)
        mean = sum(w * m for w, m in zip(weights, means, strict=True)) / total
        square = sum(w * (v + m * m) for w, m, v in zip(weights, means, variances, strict=True)) / total
        return mean, math.sqrt(max(square - mean * mean, 0.0))


def _log_normal(value: float, variance: float) -> float:
    return -0.5 * (value * value / variance + math.log(variance))


class ScaleFilter:
    """Belief about the log of true over predicted depth."""

    def __init__(self, prior: Prior = Prior()) -> None:
        self._prior = prior
        self._mean, self._variance = 0.0, math.inf  # of the evidence alone

    @property
    def has_evidence(self) -> bool:
        """Whether any picture gave evidence."""
        return math.isfinite(self._variance)

    def belief(self) -> tuple[float, float]:
        """Return mean and standard deviation of the log scale."""
        return self._prior.combined(self._mean, self._variance)

    def advance(self, prediction_change: float, change_deviation: float, new_share: float, seconds: float) -> None:
        """Follow the prediction to the next picture.

        prediction_change  log of how much farther it puts the same points; `change_deviation`: how well that is known
        new_share          0..1, of the picture that was not in the one before
        """
        self._mean -= prediction_change
        self._variance += change_deviation**2 + new_share * FORGOTTEN_BY_A_NEW_VIEW**2
        self._variance += max(seconds, 0.0) * FORGOTTEN_A_SECOND**2

    def observe(self, log_scale: float, deviation: float) -> None:
        """Combine with the evidence of one picture."""
        if not self.has_evidence:
            self._mean, self._variance = log_scale, deviation**2
            return
        share = self._variance / (self._variance + deviation**2)  # of the new evidence
        spread = share * deviation + (1 - share) * math.sqrt(self._variance)
        self._mean, self._variance = self._mean + share * (log_scale - self._mean), spread**2
