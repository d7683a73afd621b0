"""Plot the losses of a reproduction and its errors in each test."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from capture.errors import LidarliveError
from model.reproduce.images import ELSEWHERE, RANDOM, STRETCH
from model.reproduce.results import MEAN_MAP, NEAREST, Results, Trial

CURVES_NAME, ERRORS_NAME = "curves.png", "errors.png"
WIDTH_IN, HEIGHT_IN, DPI = 8.0, 4.5, 110
TESTS = {RANDOM: "frames at random", STRETCH: "a stretch left out", ELSEWHERE: "other recordings"}


def draw(results: Results, folder: Path) -> list[Path]:
    """Write the plots into `folder`; their paths. Raises LidarliveError where they cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_curves(results, folder / CURVES_NAME), _errors(results, folder / ERRORS_NAME)]
    except OSError as error:
        raise LidarliveError(f"{folder}: the plots cannot be written ({error.strerror})") from None


def _curves(results: Results, path: Path) -> Path:
    """Plot the training (thin) and validation error of every network that predicts depth, by epoch."""
    figure, axes = _axes("epoch", "mean squared error, mm²")
    for name, trial in results.trials.items():
        curve = [row for network, rows in trial.get("curves", {}).items() for row in rows if network != "gradient"]
        if not curve:
            continue
        epochs = [row["epoch"] for row in curve]
        [line] = axes.plot(epochs, [row["validation"] for row in curve], marker="o", markersize=3, label=name)
        axes.plot(epochs, [row["loss"] for row in curve], linewidth=0.8, linestyle="--", color=line.get_color())
    axes.set_title("validation (solid) and training (dashed)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _saved(figure, axes, path)


def _errors(results: Results, path: Path) -> Path:
    """Plot a group of bars for each main network and baseline, a bar for each test."""
    epochs = results.plan.epochs
    shown = {
        f"single,\n{epochs} epochs": ("single", str(epochs)),
        f"single,\n{2 * epochs} epochs": ("single", str(2 * epochs)),
        f"pair,\n{epochs} epochs": ("pair", str(epochs)),
        "nearest\npicture": ("baselines", NEAREST),
        "mean\ndepth map": ("baselines", MEAN_MAP),
    }
    figure, axes = _axes("", "test error, mm²")
    for i, (test, title) in enumerate(TESTS.items()):
        heights = [_error(results.trials.get(trial, {}), form, test) for trial, form in shown.values()]
        axes.bar([k + 0.27 * (i - 1) for k in range(len(shown))], heights, width=0.25, label=title)
    axes.set_xticks(range(len(shown)), list(shown))
    return _saved(figure, axes, path)


def _error(trial: Trial, form: str, test: str) -> float:
    """NaN, which draws no bar, where it was not measured."""
    error = trial.get("tests", {}).get(form, {}).get(test, {}).get("mse_mm2")
    return float("nan") if error is None else float(error)


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y, yscale="log")
    axes.grid(axis="y", alpha=0.3)
    return figure, axes


def _saved(figure: Figure, axes: Axes, path: Path) -> Path:
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=DPI)
    return path
