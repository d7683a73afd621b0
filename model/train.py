"""Train the networks of a preset on recordings: `python -m model.train` with a TrainConfig as JSON on standard input.

A second line there, `stop`, requests an early end that keeps the best epoch: the current task ends after its current
step, those that follow after one epoch, because each network needs one; then the version is made as usual.

Standard output carries one event a line (model/events.py), as JSON, and nothing else:
    {"event": "started", "train", "held_out", "preset", "epochs", "continue_from", "resumed", "notes", "same_walk"}
    {"event": "progress", "stage": "rooms" | a task's name | "converting", "epoch", "epochs", "step", "steps",
     "fraction", "images_per_s", "eta_s", "loss"}                                                four a second
    {"event": "epoch", "stage", "epoch", "loss", "held_out_loss", "held_out_rmse_m", "best", "preview"}
    {"event": "asked", "early"}                               `stop` was received
    {"event": "done", "weights": folder, "report", "validated"}          or {"event": "error", "message"}
Exit status 0, or 1 after an error or a stop. The version's folder appears whole at the very end, or not at all; until
then a resumable training leaves a checkpoint beside it (model/training/checkpoint.py).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from capture.errors import LidarliveError
from capture.recording import Recording
from model import store
from model.config import (
    CANONICAL_FOCAL_PX,
    FINETUNE_NAME,
    GRADIENT_NAME,
    HELD_OUT_FRAMES,
    INPUT_SIZE,
    TASKS,
    UNBOUNDED_EPOCHS,
    TrainConfig,
)
from model.data import rehearsal
from model.data.batches import FrameRef, Sampling, frames_of, load_sample, spread
from model.data.split import Split, label, open_recordings, split
from model.data.thinning import training_frames
from model.events import Asked, Done, Epoch, Event, OnEvent, Progress, Started
from model.jobs.worker import answer
from model.preset_facts import DEFAULT_PRESET
from model.presets.base import Pair, Preset
from model.report import Report, TrainingFacts
from model.training import version_files
from model.training.checkpoint import STATE_NAME, Checkpoint, divided_last_fifth, working_folder
from model.training.failures import explained_failures
from model.training.progress import JobProgress
from model.training.resolve import resolve

TRAINING_SHARE = 0.95  # of the whole job; the rest is converting and measuring


@dataclass(frozen=True, eq=False)
class _Run:
    """One training, with all options filled in."""

    config: TrainConfig
    parts: Split
    sampling: Sampling
    parent: Path | None  # the version to continue from
    progress: JobProgress
    stop_early: Callable[[], bool]  # whether an early end was requested


def train(
    config: TrainConfig, on_event: OnEvent = lambda event: None, stop_early: Callable[[], bool] = lambda: False
) -> Path:
    """Train on recordings and write a weights version to `config.out`; returns its folder.

    Once `stop_early` returns True, the training keeps the best epoch so far and ends, as soon as the last task has one.

    Raises LidarliveError where the input is invalid, the loss is not finite, memory or disk is full, or the options
    differ from those of the training to resume; then there is no version, and a `resumable` one can be resumed.
    """
    out = Path(config.out)
    if out.exists():
        raise LidarliveError(f"{out} exists already; a version is never overwritten. Choose another folder")
    if config.resume and config.held_out is None and config.last_fifth is None:
        config = replace(config, last_fifth=divided_last_fifth(out))  # as it began, under an older program too
    parts = split(open_recordings(config.data), config.held_out, config.last_fifth)
    config, parent = resolve(config)
    sampling = Sampling(config.size or INPUT_SIZE, CANONICAL_FOCAL_PX, config.zoom)
    _check_depth(parts.train_frames, sampling, "nothing can be learned from these recordings")
    if parts.held_out:
        _check_depth(parts.held_out_frames, sampling, "what is held out cannot measure anything")
    on_event(_started(config, parts))
    run = _Run(config, parts, sampling, parent, JobProgress(_reporting_stop(stop_early, on_event)), stop_early)
    with explained_failures(out), working_folder(out, config.resume) as scratch:
        report = _make(scratch, run)
        os.replace(scratch / "version", out)
    on_event(Done(str(out), report, report.validated))
    return out


def _make(scratch: Path, run: _Run) -> Report:
    """Train, and write the version's folder in `scratch/version`; returns its report."""
    config, parts, sampling, parent, progress = run.config, run.parts, run.sampling, run.parent, run.progress
    # Imported here: TensorFlow takes seconds to import, and invalid input is reported before.
    from model.export import openvino
    from model.presets import registry
    from model.training.precision import rmse_by_precision

    preset = registry.PRESETS[config.preset or DEFAULT_PRESET]
    preset.check_memory(sampling.size, config.recipe.batch)
    fingerprint = version_files.fingerprint(config, parts)
    checkpoint = Checkpoint(scratch / STATE_NAME if config.resumable else None, fingerprint, config.resume)
    rehearsed, unseen = _rooms(progress) if parent is not None and config.recipe.rehearses else ([], [])
    pair = registry.open_networks(preset, parent, config.seed)
    _train_tasks(preset, pair, run, rehearsed, checkpoint)
    progress.begin(TRAINING_SHARE, 1 - TRAINING_SHARE)
    progress(_part("converting", 0, 1, 0.0))
    folder = scratch / "version"
    folder.mkdir()
    pair.gradient.save(folder / GRADIENT_NAME)
    pair.finetune.save(folder / FINETUNE_NAME)
    difference = openvino.export_openvino(preset.graph(pair), folder, sampling.size)
    rmse_m = rmse_by_precision(preset, folder, parts.held_out_frames, sampling)
    version_files.write_config(folder, config, parts, preset, sampling.size, rmse_m)
    facts = TrainingFacts(
        weights=config.out,
        preset=preset.name,
        parameters={name: network.count_params() for name, network in pair._asdict().items()},
        stages=checkpoint.outcomes,
        rehearsed={recording.path.name: len(recording) for recording in rehearsed},
        export_difference=difference,
        seconds=round(time.monotonic() - progress.began_s, 1),
    )
    return version_files.write_report(
        folder,
        parts,
        facts,
        lambda done, total: progress(_part("converting", done, total, 0.3 + 0.7 * done / total)),
        _champion(parent),
        unseen,
    )


def _champion(parent: Path | None) -> Path | None:
    """The version to compare with: the one in use, which the new one may replace."""
    try:
        return store.active()
    except LidarliveError:  # it is gone, and the window reports that
        return parent


def _train_tasks(preset: Preset, pair: Pair, run: _Run, rehearsed: Sequence[Recording], checkpoint: Checkpoint) -> None:
    """Train the pair in place, one task after the other; skip those that are finished in the checkpoint."""
    from model.training.fit import Settings, fit

    config, progress = run.config, run.progress
    divided = run.parts.divided
    frames = training_frames(run.parts.train, config.epoch_frames, None if divided is None else divided.train)
    held_out = spread(run.parts.held_out_frames, HELD_OUT_FRAMES)
    settings = Settings(
        run.sampling,
        config.recipe,
        config.seed,
        config.epoch_frames,
        config.turned,
        rehearsed=tuple(frames_of(rehearsed)),
        preview=(held_out or frames)[0],
    )
    done = 0.0  # share of the training
    for task in preset.tasks(pair):
        if task.name in checkpoint.outcomes:
            checkpoint.restore(pair)
        else:
            if config.budget_minutes is not None:  # what a task leaves of its share is left to the others
                spent_s = sum(outcome.seconds for outcome in checkpoint.outcomes.values())
                left_s = 60 * config.budget_minutes - spent_s
                settings = replace(settings, budget_s=max(1.0, left_s * task.share / (1 - done)))
            progress.begin(TRAINING_SHARE * done, TRAINING_SHARE * task.share)
            start = checkpoint.begin(pair)
            outcome = fit(
                task, frames, held_out, settings, progress, keep=checkpoint.keep, start=start, stop_early=run.stop_early
            )
            checkpoint.finish(task.name, outcome, pair)
        done += task.share


def _rooms(progress: JobProgress) -> tuple[list[Recording], list[Recording]]:
    """Rooms to rehearse, and rooms to measure forgetting on; rendering them, once, takes a minute."""
    progress.begin(0.0, 0.0)

    def on_progress(done: int, total: int) -> None:
        progress(_part("rooms", done, total, 0.0))

    return rehearsal.rooms(on_progress), rehearsal.unseen_rooms(on_progress)


def _reporting_stop(stop_early: Callable[[], bool], on_event: OnEvent) -> OnEvent:
    """`on_event`, with one Asked event besides once an early end was requested."""
    reported = False

    def report(event: Event) -> None:
        nonlocal reported
        on_event(event)
        if not reported and isinstance(event, Progress | Epoch) and stop_early():
            reported = True
            measured = event.stage == TASKS[-1] and (isinstance(event, Epoch) or event.epoch > 1)
            on_event(Asked(early=not measured and event.stage != "converting"))

    return report


def _started(config: TrainConfig, parts: Split) -> Started:
    epochs = config.recipe.epochs
    return Started(
        train=_frames(parts.train, parts.train_frames),
        held_out=_frames(parts.held_out, parts.held_out_frames),
        preset=config.preset,
        epochs=None if epochs == UNBOUNDED_EPOCHS else epochs,
        continue_from=config.continue_from,
        resumed=config.resume,
        notes=list(parts.notes),
        same_walk=parts.divided is not None,
    )


def _part(stage: str, done: int, total: int, fraction: float) -> Progress:
    """Progress of what is not training: `done` of `total`, that `fraction` of its part of the job."""
    return Progress(stage, fraction, step=done, steps=total)


def _check_depth(frames: Sequence[FrameRef], sampling: Sampling, therefore: str) -> None:
    """Raises LidarliveError where no frame has a reading that counts; usually reads the first frame only."""
    if not any(load_sample(ref, sampling).depth[..., 1].any() for ref in frames):
        recordings = list({ref.recording.path: ref.recording for ref in frames}.values())
        names = ", ".join(label(recording, recordings) for recording in recordings)
        raise LidarliveError(f"No frame of {names} has depth with confidence: {therefore}")


def _frames(recordings: Sequence[Recording], frames: Sequence[FrameRef]) -> dict[str, int]:
    """Number of the frames in each recording."""
    counts = Counter(ref.recording.path for ref in frames)
    return {label(recording, recordings): counts[recording.path] for recording in recordings}


def work(document: str, on_event: OnEvent, stop_early: Callable[[], bool] = lambda: False) -> None:
    """Train with the TrainConfig in the document."""
    train(TrainConfig.from_json(document), on_event, stop_early)


if __name__ == "__main__":
    requested = threading.Event()
    stopped = "The training was stopped; there is no new version"
    sys.exit(answer(partial(work, stop_early=requested.is_set), stopped, requested))
