"""Trains the pair of networks on recordings: `python -m model.train CONFIG.json`, or the JSON on standard input.

Standard output carries one JSON event a line and nothing else:
    {"event": "started", "train": {name: frames}, "held_out": {name: frames}, "epochs", "continue_from"}
    {"event": "progress", "stage": "gradient" | "finetune" | "converting", "epoch", "epochs", "step", "steps",
     "fraction": 0..1 of the whole job, "images_per_s", "eta_s", "loss"}      at most four a second; eta_s and loss or null
    {"event": "epoch", "stage", "epoch", "loss", "held_out_loss", "held_out_rmse_m", "best"}
    {"event": "done", "weights": folder, "report", "validated"}          or {"event": "error", "message"}
Exit status 0, or 1 after an error or a stop. The version's folder appears whole at the very end, or not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any

from capture.frame import CaptureError
from capture.layout import LOG_NAME
from capture.recording import Recording
from model import store
from model.card import card
from model.config import (
    ACTIVE,
    CANONICAL_FOCAL_PX,
    CARD_NAME,
    CONFIG_NAME,
    FINETUNE_NAME,
    GRADIENT_NAME,
    OPENVINO_NAMES,
    REPORT_NAME,
    TrainConfig,
    VersionConfig,
    file_crc32,
)
from model.evaluate import evaluate
from model.pipeline import Sampling, Split, frames_of, label, load_sample, open_recordings, split

OnEvent = Callable[[dict[str, Any]], None]

REPORT_FRAMES = 400  # of each recording: enough for a stable figure, half a minute of work


class Stopped(Exception):  # noqa: N818 - not an error
    """The training was asked to end."""


def train(config: TrainConfig, on_event: OnEvent = lambda event: None) -> Path:
    """Train on recordings and leave a weights version in `config.out`; returns its folder.

    Raises CaptureError where the input is no good, the loss stops being a number, or the disk is full; then nothing
    is left behind.
    """
    out = Path(config.out)
    if out.exists():
        raise CaptureError(f"{out} exists already; a version is never overwritten. Choose another folder")
    parts = split(open_recordings(config.data), config.held_out)
    parent = _parent(config)
    config = replace(config, continue_from=None if parent is None else str(parent))
    canonical = CANONICAL_FOCAL_PX if parent is None else VersionConfig.read(parent).canonical_focal_px
    sampling = Sampling(config.size, canonical, config.zoom)
    _check_depth(parts.train, sampling)
    started = {"train": _frames(parts.train), "held_out": _frames(parts.held_out), "epochs": config.epochs}
    on_event({"event": "started", **started, "continue_from": config.continue_from})
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".training-", dir=out.parent) as scratch:
            folder = Path(scratch) / "version"
            folder.mkdir()
            report = _make(folder, config, parts, sampling, parent, on_event)
            os.replace(folder, out)
    except OSError as error:
        raise CaptureError(f"{out} cannot be written ({error.strerror or error}); nothing was saved") from error
    on_event({"event": "done", "weights": str(out), "report": report, "validated": report["validated"]})
    return out


def _make(
    folder: Path, config: TrainConfig, parts: Split, sampling: Sampling, parent: Path | None, on_event: OnEvent
) -> dict[str, Any]:
    """Everything that a version's folder holds; returns its report."""
    from model import export, stages  # only now: TensorFlow takes seconds to import, and bad input should not wait

    pace = stages.Pace(on_event, time.monotonic())
    gradient, finetune = stages.open_networks(parent, config.seed)
    outcomes = stages.run_stages(gradient, finetune, config, parts, sampling, pace)
    pace.progress("converting", 0.0, step=0, steps=1)
    gradient.save(folder / GRADIENT_NAME)
    finetune.save(folder / FINETUNE_NAME)
    difference = export.export_openvino(gradient, finetune, folder, config.size)
    version = VersionConfig(
        created_utc=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        size=config.size,
        canonical_focal_px=sampling.canonical_focal_px,
        preset="fast",
        parent=None if parent is None else parent.name,
        train=asdict(config),
        data=[*(_described(r, False) for r in parts.train), *(_described(r, True) for r in parts.held_out)],
        software=_software(),
        files={name: file_crc32(folder / name) for name in OPENVINO_NAMES},
    )
    (folder / CONFIG_NAME).write_text(version.to_json(), encoding="utf-8")
    measured = evaluate(
        [recording.path for recording in parts.held_out or parts.train],
        folder,
        lambda done, total: pace.progress("converting", 0.3 + 0.7 * done / total, step=done, steps=total),
        REPORT_FRAMES,
    )
    report = {
        **measured,
        "weights": config.out,
        "validated": bool(parts.held_out),
        "measured_on": "held-out recordings" if parts.held_out else "the training recordings: not validated",
        "stages": {name: asdict(outcome) for name, outcome in outcomes.items()},
        "export_difference": difference,
        "seconds": round(time.monotonic() - pace.started_s, 1),
    }
    (folder / REPORT_NAME).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (folder / CARD_NAME).write_text(card(version, report), encoding="utf-8")
    return report


def _parent(config: TrainConfig) -> Path | None:
    if config.continue_from is None:
        return None
    return store.active() if config.continue_from == ACTIVE else store.find(config.continue_from)


def _check_depth(recordings: Sequence[Recording], sampling: Sampling) -> None:
    """Raises CaptureError where no frame has a reading that counts; usually looks at the first frame only."""
    if not any(load_sample(ref, sampling).depth[..., 1].any() for ref in frames_of(recordings)):
        raise CaptureError("No frame has depth with confidence: nothing can be learned from these recordings")


def _frames(recordings: Sequence[Recording]) -> dict[str, int]:
    return {label(recording, recordings): len(recording) for recording in recordings}


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with an error event and one line on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # TensorFlow writes where it likes: whatever is not an event goes to standard error.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as events:
        os.dup2(2, 1)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

        def emit(event: dict[str, Any]) -> None:
            print(json.dumps(event), file=events, flush=True)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        try:
            text = Path(given[0]).read_text(encoding="utf-8") if given else sys.stdin.read()
            train(TrainConfig.from_json(text), emit)
        except (CaptureError, Stopped, OSError) as error:
            message = str(error) or "The training was stopped; nothing was saved"
            print(message, file=sys.stderr)
            with contextlib.suppress(OSError):  # nobody may be listening any more
                emit({"event": "error", "message": message})
            return 1
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
