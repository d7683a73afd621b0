"""The page that a weights version carries about itself."""

from __future__ import annotations

from typing import Any

from model.config import VersionConfig

_SHOWN = ("abs_rel", "rmse_m", "mae_m", "delta1", "edge_f1", "scale_ratio")


def card(version: VersionConfig, report: dict[str, Any]) -> str:
    """Markdown: what it was trained on, how good it is, and where that ends."""
    lines = [
        "# Weights version",
        "",
        f"Trained {version.created_utc}, preset {version.preset}, input {version.size[0]}x{version.size[1]} portrait, "
        f"continued from: {version.parent or 'nothing (random weights)'}.",
        "",
        "## Data",
        *(
            f"- {entry['name']}: {entry['frames']} frames, {'held out' if entry['held_out'] else 'trained on'}"
            for entry in version.data
        ),
        "",
        f"## Measured on {report['measured_on']}",
        f"| recording | range | {' | '.join(_SHOWN)} |",
        "|---|---|" + "---|" * len(_SHOWN),
    ]
    for name, ranges in {**report["recordings"], "all": report["all"]}.items():
        for span, metrics in ranges.items():
            lines.append(f"| {name} | {span} | {' | '.join(_figure(metrics[key]) for key in _SHOWN)} |")
    lines += [
        "",
        "near: confidence 2, 0.2 to 5 m; far: confidence 1 or more, up to 10 m. No median scaling.",
        "",
        "## Limits",
        "It knows scenes like those above; elsewhere the scale above all may be wrong. "
        + ("" if report["validated"] else "No recording was held out: the figures are of what it was trained on."),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
