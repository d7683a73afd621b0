"""The published claims, the figures measured here, and whether each claim holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.reproduce.images import ELSEWHERE, RANDOM, STRETCH
from model.reproduce.results import DIVERGED, MEAN_MAP, NEAREST, ONE_MM, ZEROED, Results

HOLDS, IN_PART, FAILS = "holds", "in part", "does not hold"
UNCLEAR, UNKNOWN = "cannot be told", "not measured"
PUBLISHED_PAIR_MM2, PUBLISHED_SINGLE_MM2 = 160_350, 299_626
DRAWS = 10_000  # of a few of the test images, to see how much their mean depends on which


@dataclass(frozen=True)
class Claim:
    """A row of the table."""

    published: str
    measured: str
    verdict: str


class Missing(Exception):  # noqa: N818 - not an error
    """A figure that a claim needs was not measured, or is not finite."""


@dataclass(frozen=True)
class Figures:
    """What was measured, by trial, form and test; forms left out are the main ones."""

    results: Results

    @property
    def epochs(self) -> int:
        return self.results.plan.epochs

    @property
    def short(self) -> int:
        return self.results.plan.short_epochs

    def get(self, *keys: str) -> Any:  # noqa: ANN401 - a JSON value
        """Raises Missing."""
        value: Any = self.results.trials
        for key in keys:
            if value is None or key not in value:
                raise Missing(" / ".join(keys))
            value = value[key]
        if value is None:
            raise Missing(" / ".join(keys))
        return value

    def diverged(self, trial: str) -> bool:
        """Whether its loss or the squares of its answers became infinite or NaN. Raises Missing."""
        if self.get(trial, "ended") == DIVERGED:
            return True
        return self.get(trial, "tests", str(self.short), RANDOM)["mse_mm2"] is None

    def loss(self, trial: str) -> float:
        """The training error of a single network in the last of the short epochs."""
        by_epoch = {row["epoch"]: row["loss"] for row in self.get(trial, "curves", "single")}
        if self.short not in by_epoch:
            raise Missing(f"{trial}, training error in epoch {self.short}")
        return float(by_epoch[self.short])

    def mse(self, trial: str, form: str | int, test: str = RANDOM) -> float:
        return float(self.get(trial, "tests", str(form), test, "mse_mm2"))

    def spread(self, trial: str, form: str | int, images: int) -> tuple[float, float]:
        """Interval of the mean error of so few test images, drawn at random, in nine cases of ten."""
        errors = np.array(self.get(trial, "tests", str(form), RANDOM, "images_mse_mm2"), dtype=np.float64)
        drawn = np.random.default_rng(0).choice(errors, size=(DRAWS, images)).mean(axis=1)
        low, high = np.percentile(drawn, [5, 95])
        return float(low), float(high)


def claims(results: Results) -> list[Claim]:
    """Every published claim, in the order of the documentation."""
    figures = Figures(results)
    found = []
    for published, measure in CLAIMS:
        try:
            measured, verdict = measure(figures)
        except Missing as missing:
            measured, verdict = f"The figure {missing} is missing or no number.", UNKNOWN
        found.append(Claim(published, measured, verdict))
    return found


def mm2(value: float) -> str:
    return f"{value:,.0f} mm²"


def _tanh(f: Figures) -> tuple[str, str]:
    relu, hidden = f.loss("single"), f.loss("tanh, ReLU last")
    everywhere, bound, best = f.mse("tanh", 1), f.mse("baselines", ONE_MM), f.mse("single", 2 * f.epochs)
    text = (
        f"A last tanh says 1 mm at most, and 1 mm everywhere is off by {mm2(bound)} in the test; after an epoch with "
        f"tanh everywhere it is {mm2(everywhere)}. That is {bound / best:.1f} times the error of ReLU after "
        f"{2 * f.epochs} epochs ({mm2(best)}), however long it is trained. tanh with a last ReLU: a training error of "
        f"{mm2(hidden)} in epoch {f.short}, {hidden / relu:.1f} times that of ReLU."
    )
    return text, _graded(bound / best, 5, 1.5)


def _slow(f: Figures) -> tuple[str, str]:
    slow, usual = f.loss("rate 0.0001"), f.loss("single")
    text = (
        f"In epoch {f.short} a training error of {mm2(slow)}, and {mm2(usual)} at 0.01: {slow / usual:.1f} times as "
        "much."
    )
    return text, _graded(slow / usual, 2, 1.2)


def _usual(f: Figures) -> tuple[str, str]:
    usual, others = f.loss("single"), {r: f.loss(f"rate {r}") for r in ("0.0001", "0.1") if not f.diverged(f"rate {r}")}
    listed = ", ".join(f"{mm2(error)} at {rate}" for rate, error in others.items())
    text = (
        f"In epoch {f.short} a training error of {mm2(usual)}; {listed or 'the other rates diverged'}. In the test "
        f"after {2 * f.epochs} epochs {mm2(f.mse('single', 2 * f.epochs))}; the mean depth map of the training images "
        f"has {mm2(f.mse('baselines', MEAN_MAP))}."
    )
    return text, HOLDS if usual < min(others.values(), default=float("inf")) else FAILS


def _diverges(f: Figures) -> tuple[str, str]:
    if f.diverged("rate 0.1"):
        return "The loss became no number, or the answers too large for their squares.", HOLDS
    fast, usual = f.loss("rate 0.1"), f.loss("single")
    answered, nothing = f.mse("rate 0.1", f.short), f.mse("baselines", ONE_MM)
    zeros = f.get("rate 0.1", "tests", str(f.short), RANDOM, "zeros")
    text = (
        f"The loss stayed a number: in epoch {f.short} a training error of {mm2(fast)}, and {mm2(usual)} at 0.01. In "
        f"the test {zeros:.0%} of the pixels are answered 0 and the error is {mm2(answered)}; 1 mm everywhere: "
        f"{mm2(nothing)}."
    )
    return text, HOLDS if answered > 0.9 * nothing else _graded(fast / usual, 10, 1.5)


def _accuracy(f: Figures) -> tuple[str, str]:
    says, truth, exact = (f.get("single", "accuracy", key) for key in ("keras", "truth", "exact"))
    text = (
        f"After {2 * f.epochs} epochs Keras says {says:.2%}, and of answers without any error {truth:.2%}: with one "
        "output channel it counts an answer as right where the target is 0 or 1 and the answer on the same side of "
        f"0.5. {exact:.2%} of the pixels are right to the millimetre. It measures nothing here, at any quality."
    )
    return text, HOLDS if exact < 0.05 else FAILS


def _pair(f: Figures) -> tuple[str, str]:
    pair, same, twice = f.mse("pair", f.epochs), f.mse("single", f.epochs), f.mse("single", 2 * f.epochs)
    zeroed, mean_map = f.mse("pair", ZEROED), f.mse("baselines", MEAN_MAP)
    drawn, grey = f.get("pair", "edges", "mse"), f.get("pair", "edges", "mse_of_one_grey")
    text = (
        f"After {f.epochs} epochs each {mm2(pair)} for the pair, {mm2(same)} for the single network: a ratio of "
        f"{pair / same:.2f} (published {PUBLISHED_PAIR_MM2 / PUBLISHED_SINGLE_MM2:.2f}, on other images). The pair "
        f"takes 2.3 times as long; the single network after {2 * f.epochs} epochs: {mm2(twice)}. The mean depth map of "
        f"the training images: {mm2(mean_map)}. With the pair's edges set to 0: {mm2(zeroed)}. The gradient network's "
        f"edges are off by {drawn:,.0f} (of 255²); one grey everywhere: {grey:,.0f}."
    )
    if min(pair, same) >= mean_map:
        return f"{text} Neither is better than the mean depth map.", UNCLEAR
    return text, _graded(same / pair, 1.25, 1.05) if pair < twice else (IN_PART if pair < same else FAILS)


def _few_images(f: Figures) -> tuple[str, str]:
    pair, single = f.spread("pair", f.epochs, 5), f.spread("single", f.epochs, 10)
    text = (
        f"Of our {len(f.get('pair', 'tests', str(f.epochs), RANDOM, 'images_mse_mm2'))} test images, 5 drawn at random "
        f"give the pair {mm2(pair[0])} to {mm2(pair[1])} in nine cases of ten, and 10 give the single network "
        f"{mm2(single[0])} to {mm2(single[1])}."
    )
    return text, HOLDS if pair[1] < single[0] else UNCLEAR


def _elsewhere(f: Figures) -> tuple[str, str]:
    here, there = f.mse("pair", f.epochs), f.mse("pair", f.epochs, ELSEWHERE)
    constant_here, constant = f.mse("baselines", MEAN_MAP), f.mse("baselines", MEAN_MAP, ELSEWHERE)
    text = (
        f"The pair: {mm2(here)} between the frames it was trained on, {mm2(there)} in "
        f"{', '.join(f.results.plan.elsewhere)}: {there / here:.1f} times. The mean depth map of the training images: "
        f"{mm2(constant_here)} and {mm2(constant)}."
    )
    return text, _graded(there / here, 2, 1.2) if here < constant_here else UNCLEAR


def _hidden(f: Figures) -> tuple[str, str]:
    lines = []
    for name, trial, form in (
        ("the single network", "single", 2 * f.epochs),
        ("the pair", "pair", f.epochs),
        ("the depth of the nearest training picture, no network at all", "baselines", NEAREST),
        ("the mean depth map", "baselines", MEAN_MAP),
    ):
        errors = [mm2(f.mse(trial, form, test)) for test in (RANDOM, STRETCH, ELSEWHERE)]
        lines.append(f"{name}: {', '.join(errors)}")
    copied = f.mse("baselines", NEAREST, ELSEWHERE) / f.mse("baselines", NEAREST)
    ratio = f.mse("pair", f.epochs, ELSEWHERE) / f.mse("pair", f.epochs)
    text = (
        f"Frames at random, a stretch of the same walk left out whole, other recordings; {'; '.join(lines)}. A split "
        f"by frame hides a factor of {ratio:.1f} for the pair, and of {copied:.1f} for mere memory."
    )
    return text, HOLDS if max(ratio, copied) > 1.2 else FAILS


def _graded(ratio: float, whole: float, part: float) -> str:
    return HOLDS if ratio >= whole else IN_PART if ratio >= part else FAILS


CLAIMS: Sequence[tuple[str, Callable[[Figures], tuple[str, str]]]] = (
    ("tanh has ten times the error of ReLU", _tanh),
    ("a learning rate of 0.0001 is too slow", _slow),
    ("a learning rate of 0.01 is the one to take", _usual),
    ("a learning rate of 0.1 diverges", _diverges),
    ("accuracy as a metric is too low", _accuracy),
    ("the pair is better than the single network", _pair),
    (
        f"the test error says so: {PUBLISHED_PAIR_MM2:,} mm² on 5 images (pair), {PUBLISHED_SINGLE_MM2:,} mm² on 10 "
        "(single)",
        _few_images,
    ),
    ("good on the local data set, poor elsewhere", _elsewhere),
    ("(not published) a split by frame at random looks better than one by recording", _hidden),
)
