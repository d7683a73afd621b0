"""Write what describes a weights version beside its networks: `config.json`, `report.json` and `card.md`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from capture.errors import LidarliveError
from capture.recording import Recording
from capture.storage.layout import LOG_NAME
from capture.storage.software import NOT_INSTALLED, software_versions
from capture.wording import counted
from model.config import (
    CARD_NAME,
    CONFIG_NAME,
    OPENVINO_NAMES,
    REPORT_NAME,
    TrainConfig,
    UsedRecording,
    VersionConfig,
    file_crc32,
)
from model.data.split import Split
from model.evaluation.compare import compare
from model.evaluation.evaluate import evaluate
from model.presets.base import Preset
from model.report import SAME_WALK, Report, TrainingFacts
from model.training.checkpoint import RECORDING, Fingerprint

# Of each recording: enough for a stable figure; every half second of 100 s, and half a minute of work.
REPORT_FRAMES = 400
PACKAGES = ("lidarlive", "keras", "tensorflow", "openvino", "numpy", "opencv-python")
_SHOWN = ("abs_rel", "rmse_m", "mae_m", "delta1", "edge_f1", "scale_ratio")


def fingerprint(config: TrainConfig, split: Split) -> Fingerprint:
    """Everything that affects the result of a training, flat. A resumed training must match it."""
    # Recordings are identified by their checksums. `last_fifth` is added where it is held out, whatever was asked for:
    # checkpoints of older programs lack it.
    excluded = ("out", "data", "held_out", "resume", "resumable", "last_fifth")
    options = {name: value for name, value in config.to_document().items() if name not in excluded}
    if split.divided is not None:
        options["last_fifth"] = True
    recordings = {f"{RECORDING}{entry.path}": f"{entry.crc32}, {entry.role}" for entry in _used_recordings(split)}
    return {**options, **recordings}


def write_config(
    folder: Path, config: TrainConfig, split: Split, preset: Preset, size: tuple[int, int], rmse_m: dict[str, float]
) -> VersionConfig:
    """Write `config.json` of the version whose networks are in `folder`; `rmse_m` by precision."""
    software = software_versions(*PACKAGES)
    version = VersionConfig(
        created_utc=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        size=size,
        canonical_focal_px=preset.canonical_focal_px,
        preset=preset.name,
        parent=None if config.continue_from is None else Path(config.continue_from).name,
        train=asdict(config),
        data=_used_recordings(split),
        software={name: installed for name, installed in software.items() if installed != NOT_INSTALLED},
        files={name: file_crc32(folder / name) for name in OPENVINO_NAMES},
        rmse_m=rmse_m,
    )
    (folder / CONFIG_NAME).write_text(version.to_json(), encoding="utf-8")
    return version


def write_report(
    folder: Path,
    split: Split,
    facts: TrainingFacts,
    on_progress: Callable[[int, int], None],
    champion: Path | None = None,
    rooms: Sequence[Recording] = (),
) -> Report:
    """Measure the version in `folder` on what is held out, and write `report.json` and `card.md`.

    Where nothing is held out it is measured on the training recordings, and both files state "not validated". Where the
    last fifth of its own recording is, it is measured on that, and both files state that this flatters the result. The
    report's `comparison` is with `champion` on the same frames and on `rooms` (evaluation/compare.py); it is None where
    there is no champion or it cannot be read: the new version is not lost for that.
    """
    paths = [r.path for r in split.held_out or split.train]
    from_frame = 0 if split.divided is None else split.divided.begins
    comparison, notes = None, list(split.notes)
    if champion is not None:
        try:
            comparison = compare(
                champion, folder, paths, on_progress, REPORT_FRAMES, rooms, named=facts.weights, from_frame=from_frame
            )
        except LidarliveError as error:
            notes.append(f"It could not be compared with {champion.name}: {error}")
    if comparison is None:
        evaluation = evaluate(paths, folder, on_progress, REPORT_FRAMES, from_frame)
        recordings, everything = evaluation.recordings, evaluation.all
    else:
        challenger = comparison.recordings.challenger
        recordings, everything = challenger.recordings, challenger.all
    report = Report(
        **vars(facts),
        recordings=recordings,
        all=everything,
        comparison=comparison,
        validated=split.validates,
        same_walk=split.divided is not None,
        measured_on=_measured_on(split),
        notes=notes,
    )
    (folder / REPORT_NAME).write_text(report.to_json(), encoding="utf-8")
    (folder / CARD_NAME).write_text(card(VersionConfig.read(folder), report), encoding="utf-8")
    return report


def _measured_on(split: Split) -> str:
    if split.divided is not None:
        return f"the last fifth of the training recording ({SAME_WALK})"
    return "held-out recordings" if split.held_out else "the training recordings: not validated"


def card(version: VersionConfig, report: Report) -> str:
    """Describe the version in Markdown: training data, accuracy, limits."""
    lines = [
        "# Weights version",
        "",
        f"Trained {version.created_utc}, preset {version.preset}, input {version.size[0]}x{version.size[1]} portrait, "
        f"continued from: {version.parent or 'nothing'}.",
        *_networks(report),
        "",
        "## Data",
        *(f"- {entry.name}: {counted(entry.frames, 'frame')}, {entry.role}" for entry in version.data),
        *_rehearsed(report),
        "",
        f"## Measured on {report.measured_on}",
        *_table(report),
        *_compared(report),
        "",
        "near: confidence 2, 0.2 to 5 m; far: confidence 1 or more, up to 10 m. No median scaling.",
        *(f"\nNote: {note}." for note in report.notes),
        "",
        "## Limits",
        "It knows scenes like those above; elsewhere its scale, above all, may be wrong.",
    ]
    if report.same_walk:
        lines.append(
            "Not validated on another recording: its figures are of the walk that it was trained on, and flatter it."
        )
    elif not report.validated:
        lines.append("Not validated: no recording was held out, so the figures are of the training recordings.")
    return "\n".join(lines) + "\n"


def _networks(report: Report) -> list[str]:
    """Sizes of the networks and times of the tasks, where the report has them."""
    lines = [f"- {name} network: {count:,} parameters" for name, count in report.parameters.items()]
    for name, outcome in report.stages.items():
        spent = (
            f"{counted(outcome.steps, 'step')}, {counted(outcome.images, 'image')}, {outcome.seconds / 60:.1f} minutes"
        )
        best = f"best epoch {outcome.best_epoch} of {outcome.epochs}, ended by: {outcome.ended}"
        lines.append(f"- task {name}: {spent}; {best}")
    return ["", *lines] if lines else []


def _rehearsed(report: Report) -> list[str]:
    if not report.rehearsed:
        return []
    what = "one rendered room" if len(report.rehearsed) == 1 else f"{len(report.rehearsed)} rendered rooms"
    return ["", f"Half of its training frames were of {what}, so that it does not forget what rooms look like."]


def _table(report: Report) -> list[str]:
    rows = [f"| recording | range | {' | '.join(_SHOWN)} |", "|---|---|" + "---|" * len(_SHOWN)]
    for name, ranges in {**report.recordings, "all": report.all}.items():
        for span, metrics in ranges.items():
            figures = ("–" if (value := metrics[key]) is None else f"{value:.3f}" for key in _SHOWN)
            rows.append(f"| {name} | {span} | {' | '.join(figures)} |")
    return rows


def _compared(report: Report) -> list[str]:
    """The verdict against the version in use when the training ended."""
    comparison = report.comparison
    if comparison is None:
        return []
    verdict = f"Against {Path(comparison.champion).name}: {comparison.verdict.sentence}"
    return ["", verdict, *(f"{note}." for note in comparison.notes)]


def _used_recordings(split: Split) -> list[UsedRecording]:
    if split.divided is not None:
        whole = _described(split.train[0], False)
        return [replace(whole, last_fifth_from=split.divided.begins, left_out=split.divided.left_out)]
    return [*(_described(r, False) for r in split.train), *(_described(r, True) for r in split.held_out)]


def _described(recording: Recording, held_out: bool) -> UsedRecording:
    return UsedRecording(
        name=recording.path.name,
        path=str(recording.path.resolve()),
        frames=len(recording),
        crc32=file_crc32(recording.path / LOG_NAME),
        held_out=held_out,
    )
