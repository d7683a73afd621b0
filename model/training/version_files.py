"""What a weights version says of itself beside its networks: `config.json`, `report.json` and `card.md`."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage.layout import LOG_NAME
from model.config import (
    CARD_NAME,
    CONFIG_NAME,
    OPENVINO_NAMES,
    REPORT_NAME,
    TrainConfig,
    VersionConfig,
    file_crc32,
)
from model.data.split import Split
from model.evaluation.compare import compare
from model.evaluation.evaluate import evaluate
from model.presets.base import Preset
from model.training.checkpoint import HELD_OUT, RECORDING

REPORT_FRAMES = (
    400  # of each recording: enough for a stable figure; every half second of 100 s, and half a minute of work
)
_SHOWN = ("abs_rel", "rmse_m", "mae_m", "delta1", "edge_f1", "scale_ratio")


def fingerprint(config: TrainConfig, split: Split) -> dict[str, Any]:
    """What decides how a training comes out, flat: one that is resumed must agree in all of it."""
    apart = ("out", "data", "held_out", "resume", "resumable")  # the recordings say it better than their paths
    known = {name: value for name, value in json.loads(config.to_json()).items() if name not in apart}
    recordings = {
        f"{RECORDING}{entry['path']}": f"{entry['crc32']}, {HELD_OUT if entry['held_out'] else 'trained on'}"
        for entry in _all_described(split)
    }
    return {**known, **recordings}


def write_config(
    folder: Path, config: TrainConfig, split: Split, preset: Preset, size: tuple[int, int], rmse_m: dict[str, float]
) -> VersionConfig:
    """`config.json` of the version whose networks are in `folder`; `rmse_m` by precision."""
    version = VersionConfig(
        created_utc=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        size=size,
        canonical_focal_px=preset.canonical_focal_px,
        preset=preset.name,
        parent=None if config.continue_from is None else Path(config.continue_from).name,
        train=asdict(config),
        data=_all_described(split),
        software=_software(),
        files={name: file_crc32(folder / name) for name in OPENVINO_NAMES},
        rmse_m=rmse_m,
    )
    (folder / CONFIG_NAME).write_text(version.to_json(), encoding="utf-8")
    return version


def write_report(
    folder: Path,
    split: Split,
    known: dict[str, Any],
    on_progress: Callable[[int, int], None],
    champion: Path | None = None,
    rooms: Sequence[Recording] = (),
) -> dict[str, Any]:
    """Measure the version in `folder` on what was held out, and write `report.json` and `card.md`.

    Where nothing was held out it is measured on what it was trained on, and both say "not validated". `known` is what
    the training adds to the report. Its `comparison` is with `champion` on the same frames and on `rooms`
    (compare.py), None where there is no champion or it cannot be read: what was trained is not lost for that.
    """
    paths = [r.path for r in split.held_out or split.train]
    comparison, notes = None, list(split.notes)
    if champion is not None:
        try:
            comparison = compare(champion, folder, paths, on_progress, REPORT_FRAMES, rooms)
            comparison["challenger"] = known.get("weights", str(folder))  # where it will be, not where it is made
        except LidarliveError as error:
            notes.append(f"It could not be compared with {champion.name}: {error}")
    measured = (
        evaluate(paths, folder, on_progress, REPORT_FRAMES)
        if comparison is None
        else comparison["recordings"]["challenger"]
    )
    report = {
        "weights": str(folder),
        **measured,
        "comparison": comparison,
        "validated": bool(split.held_out),
        "measured_on": "held-out recordings" if split.held_out else "the training recordings: not validated",
        "notes": notes,
        **known,
    }
    (folder / REPORT_NAME).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (folder / CARD_NAME).write_text(card(VersionConfig.read(folder), report), encoding="utf-8")
    return report


def card(version: VersionConfig, report: dict[str, Any]) -> str:
    """Markdown: what it was trained on, how good it is, and where that ends."""
    lines = [
        "# Weights version",
        "",
        f"Trained {version.created_utc}, preset {version.preset}, input {version.size[0]}x{version.size[1]} portrait, "
        f"continued from: {version.parent or 'nothing'}.",
        *_networks(report),
        "",
        "## Data",
        *(
            f"- {entry['name']}: {entry['frames']} frames, {'held out' if entry['held_out'] else 'trained on'}"
            for entry in version.data
        ),
        *_rehearsed(report),
        "",
        f"## Measured on {report['measured_on']}",
        *_table(report),
        *_compared(report),
        "",
        "near: confidence 2, 0.2 to 5 m; far: confidence 1 or more, up to 10 m. No median scaling.",
        *(f"\nNote: {note}." for note in report["notes"]),
        "",
        "## Limits",
        "It knows scenes like those above; elsewhere the scale above all may be wrong.",
    ]
    if not report["validated"]:
        lines.append("Not validated: no recording was held out, so the figures are of what it was trained on.")
    return "\n".join(lines) + "\n"


def _networks(report: dict[str, Any]) -> list[str]:
    """How large the networks are and how long each task took; of a report that says so."""
    parameters = report.get("parameters") or {}
    lines = [f"- {name} network: {count:,} parameters" for name, count in parameters.items()]
    for name, outcome in (report.get("stages") or {}).items():
        spent = f"{outcome['steps']} steps, {outcome['images']} images, {outcome['seconds'] / 60:.1f} minutes"
        best = f"best epoch {outcome['best_epoch']} of {outcome['epochs']}, ended by: {outcome['ended']}"
        lines.append(f"- task {name}: {spent}; {best}")
    return ["", *lines] if lines else []


def _rehearsed(report: dict[str, Any]) -> list[str]:
    rooms = report.get("rehearsed") or {}
    if not rooms:
        return []
    what = "one rendered room" if len(rooms) == 1 else f"{len(rooms)} rendered rooms"
    return ["", f"Half of what it saw were frames of {what}, so that it does not forget what rooms look like."]


def _table(report: dict[str, Any]) -> list[str]:
    rows = [f"| recording | range | {' | '.join(_SHOWN)} |", "|---|---|" + "---|" * len(_SHOWN)]
    for name, ranges in {**report["recordings"], "all": report["all"]}.items():
        for span, metrics in ranges.items():
            figures = ("–" if metrics[key] is None else f"{metrics[key]:.3f}" for key in _SHOWN)
            rows.append(f"| {name} | {span} | {' | '.join(figures)} |")
    return rows


def _compared(report: dict[str, Any]) -> list[str]:
    """The verdict against the version that it went on from, or that was in use."""
    comparison = report["comparison"]
    if comparison is None:
        return []
    lines = [
        "",
        f"Against {Path(comparison['champion']).name}: {comparison['verdict']['sentence']}",
    ]
    return lines + [f"{note}." for note in comparison["notes"]]


def _all_described(split: Split) -> list[dict[str, Any]]:
    return [*(_described(r, False) for r in split.train), *(_described(r, True) for r in split.held_out)]


def _described(recording: Recording, held_out: bool) -> dict[str, Any]:
    return {
        "name": recording.path.name,
        "path": str(recording.path.resolve()),
        "frames": len(recording),
        "crc32": file_crc32(recording.path / LOG_NAME),
        "held_out": held_out,
    }


def _software() -> dict[str, str]:
    packages = ("lidarlive", "keras", "tensorflow", "openvino", "numpy", "opencv-python")
    installed = {d.name.lower(): d.version for d in metadata.distributions()}
    return {"python": platform.python_version(), **{name: installed[name] for name in packages if name in installed}}
