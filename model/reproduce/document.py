"""Render docs/reproduction.md from the results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from model.preset_facts import facts_of
from model.reproduce.claims import claims
from model.reproduce.plots import CURVES_NAME, ERRORS_NAME, TESTS, draw
from model.reproduce.results import Plan, Results

RECIPE = facts_of("original").recipe


def render(results: Results, folder: str) -> str:
    """Render the Markdown; the plots are in `folder` beside it."""
    return "\n".join([*_introduction(results), *_claims(results), *_set_up(results.plan), *_measured(results, folder)])


def write(results: Results, path: Path) -> None:
    """Write the document and its plots. Raises LidarliveError if a plot cannot be written, OSError for the text."""
    draw(results, path.with_suffix(""))
    path.write_text(render(results, path.with_suffix("").name) + "\n", encoding="utf-8")


def _introduction(results: Results) -> list[str]:
    minutes = sum(trial.get("seconds", 0.0) for trial in results.trials.values()) / 60
    return [
        "# The published claims, tried again",
        "",
        "Written by `make reproduce` from what it measured; `lidarlive train --preset original` trains the same pair. "
        f"The networks, their losses and their training are those of the published text ({RECIPE.epochs} epochs there, "
        f"{results.plan.epochs} here); the data is not: the published images are not at hand. Training and "
        f"testing took {minutes:.0f} minutes.",
        "",
    ]


def _claims(results: Results) -> Iterator[str]:
    yield from ["## Claims", "", "| published | measured here | |", "|---|---|---|"]
    for claim in claims(results):
        yield f"| {claim.published} | {claim.measured} | **{claim.verdict}** |"
    yield ""


def _set_up(plan: Plan) -> list[str]:
    counts = plan.images
    size = f"{plan.size[0]}x{plan.size[1]}"
    tests = "; ".join(f"{TESTS[name]}: {counts[name]}" for name in TESTS if name in counts)
    elsewhere = ", ".join(plan.elsewhere) or "none"
    return [
        "## What was cut down, and what is the same",
        "",
        "| | published | here |",
        "|---|---|---|",
        f"| images | one person's own room, 720x960 | recording {plan.local}, {size} |",
        f"| training and validation | 150 | {counts['train']} and {counts['validation']} |",
        f"| tested on | 5 (pair), 10 (single) | {tests} |",
        f"| other recordings | – | {elsewhere} |",
        f"| epochs | {RECIPE.epochs} | {plan.epochs}; the single network also {2 * plan.epochs}; those that are only "
        f"compared with it {plan.short_epochs}, tanh everywhere 1 |",
        f"| batch, optimiser, loss | 2, Adam at {RECIPE.learning_rate}, squared error in mm² | the same |",
        "| augmentation, schedule of the rate | none | none |",
        "| weights tested | not told | those of the epoch with the least validation error |",
        "| random seeds | not told | one: differences of a tenth or so mean nothing |",
        "",
        f"As many of the {RECIPE.epochs} epochs as fit into an hour; a training step took "
        f"{plan.seconds_per_image:.2f} s an image on this computer. `python -m model.reproduce --epochs "
        f"{RECIPE.epochs}` does all of them.",
        "",
        *(f"- {note}." for note in plan.notes),
        *([""] if plan.notes else []),
    ]


def _measured(results: Results, folder: str) -> Iterator[str]:
    yield from [
        "## All figures",
        "",
        "Errors are means over all pixels, in mm², as published: pixels without a reading count, and are to be "
        "answered 0. RMSE is over the readings only.",
        "",
        "| network | epochs or form | test | error | RMSE m | answered 0 | without reading | ended |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, trial in results.trials.items():
        ended = trial.get("ended", "–")
        if not trial["tests"]:
            yield f"| {name} | – | – | – | – | – | – | {ended} |"
        for form, tests in trial["tests"].items():
            for test, figures in tests.items():
                cells = (
                    _cell(figures["mse_mm2"], ",.0f"),
                    _cell(figures["rmse_m"], ".3f"),
                    _cell(figures["zeros"], ".0%"),
                    _cell(figures["unread"], ".0%"),
                )
                yield f"| {name} | {form} | {TESTS[test]} | {' | '.join(cells)} | {ended} |"
    yield from [
        "",
        f"![Error by epoch]({folder}/{CURVES_NAME})",
        "",
        f"![Error in each test]({folder}/{ERRORS_NAME})",
    ]


def _cell(value: float | None, form: str) -> str:
    return "no number" if value is None else format(value, form)
