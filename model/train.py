"""Trains the pair of networks on recordings: `python -m model.train CONFIG.json`, or the JSON on standard input.

Standard output carries one JSON event a line and nothing else:
    {"event": "started", "train": {name: frames}, "held_out": {name: frames}, "epochs", "continue_from"}
    {"event": "progress", "stage": "gradient" | "finetune" | "converting", "epoch", "epochs", "step", "steps",
     "fraction": 0..1 of the whole job, "images_per_s", "eta_s", "loss"}     eta_s and loss may be null; four a second
    {"event": "epoch", "stage", "epoch", "loss", "held_out_loss", "held_out_rmse_m", "best"}
    {"event": "done", "weights": folder, "report", "validated"}          or {"event": "error", "message"}
Exit status 0, or 1 after an error or a stop. The version's folder appears whole at the very end, or not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

from capture.frame import CaptureError
from capture.recording import Recording
from model import store, version
from model.config import ACTIVE, CANONICAL_FOCAL_PX, FINETUNE_NAME, GRADIENT_NAME, TrainConfig, VersionConfig
from model.pipeline import Sampling, Split, frames_of, label, load_sample, open_recordings, split

OnEvent = Callable[[dict[str, Any]], None]


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
    _check_depth(parts.train, sampling, "nothing can be learned from these recordings")
    if parts.held_out:
        _check_depth(parts.held_out, sampling, "what is held out cannot measure anything")
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
    version.write_config(folder, config, parts, sampling.canonical_focal_px)
    known = {
        "weights": config.out,
        "stages": {name: asdict(outcome) for name, outcome in outcomes.items()},
        "export_difference": difference,
        "seconds": round(time.monotonic() - pace.started_s, 1),
    }
    return version.write_report(
        folder,
        parts,
        known,
        lambda done, total: pace.progress("converting", 0.3 + 0.7 * done / total, step=done, steps=total),
        parent,
    )


def _parent(config: TrainConfig) -> Path | None:
    if config.continue_from is None:
        return None
    return store.active() if config.continue_from == ACTIVE else store.find(config.continue_from)


def _check_depth(recordings: Sequence[Recording], sampling: Sampling, therefore: str) -> None:
    """Raises CaptureError where no frame has a reading that counts; usually looks at the first frame only."""
    if not any(load_sample(ref, sampling).depth[..., 1].any() for ref in frames_of(recordings)):
        names = ", ".join(label(recording, recordings) for recording in recordings)
        raise CaptureError(f"No frame of {names} has depth with confidence: {therefore}")


def _frames(recordings: Sequence[Recording]) -> dict[str, int]:
    return {label(recording, recordings): len(recording) for recording in recordings}


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
    # Ctrl-C comes twice, by the terminal and through the parent; the second must not interrupt the clearing up.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
