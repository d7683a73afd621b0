"""Trains and measures one candidate: `python -m model.bench.run`, a Job as JSON on standard input.

Its events are those of `model.fit`, their `fraction` that of the whole training, and at the end
    {"event": "done", "results": [what `run` returns]}
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from capture.recording import Recording
from model import child
from model.bench.candidates import CANDIDATES, Candidate, Networks
from model.bench.job import KERAS_WEIGHTS_NAME, STOPPED, ZOOM, Job
from model.child import OnEvent
from model.config import CANONICAL_FOCAL_PX, CONFIG_NAME, OPENVINO_NAMES, UNBOUNDED_EPOCHS, VersionConfig, file_crc32
from model.cost import macs
from model.evaluate import evaluate
from model.export import export_openvino
from model.fit import Outcome, Settings, fit
from model.pipeline import Sampling, frames_of, spread
from model.progress import Progress
from model.split import Split
from model.task import Model
from model.train import HELD_OUT_FRAMES

TRAINING_SHARE = 0.9  # of the job; the rest is measuring
LEAST_BUDGET_S = 1.0  # of a task for which others have left no time: it takes one step and is measured


def run(job: Job, on_event: OnEvent) -> list[dict[str, Any]]:
    """Train the candidate and measure each of its forms, as a weights version in a folder of its own in `job.out`.

    A dictionary for each form: row, about, candidate, seed, told (what decides how good it becomes), cpu_minutes,
    steps, images, tasks (Outcome by name), parameters, macs, weights (the folder) and recordings (what `evaluate`
    measures, by name).

    Raises CaptureError where the data is no good, the memory too small, or the loss stops being a number.
    """
    candidate, (parts, test) = CANDIDATES[job.candidate], job.split()
    candidate.check_memory(job.size, candidate.recipe.batch)
    keras.utils.set_random_seed(job.seed)
    networks = candidate.build()
    progress = Progress(on_event)
    outcomes = _train(candidate, networks, job, parts, progress)
    trained = {
        "candidate": job.candidate,
        "seed": job.seed,
        "told": job.told(),
        "cpu_minutes": round(sum(outcome.seconds for outcome in outcomes.values()) / 60, 2),
        "steps": sum(outcome.steps for outcome in outcomes.values()),
        "images": sum(outcome.images for outcome in outcomes.values()),
        "tasks": {name: asdict(outcome) for name, outcome in outcomes.items()},
    }
    share = (1 - TRAINING_SHARE) / len(candidate.forms)
    results = []
    for number, form in enumerate(candidate.forms):
        progress.begin(TRAINING_SHARE + number * share, share)
        folder, graph = Path(job.out) / f"{form.row}-{job.seed}", form.graph(networks)
        _write_version(folder, graph, job, candidate.canonical_focal_px)
        size = {"parameters": graph.count_params(), "macs": macs(graph, job.size[1], job.size[0])}
        measured = _measure(folder, (*parts.held_out, *test), progress)
        results.append(
            {"row": form.row, "about": form.about, **trained, **size, "weights": str(folder), "recordings": measured}
        )
    return results


def _train(candidate: Candidate, networks: Networks, job: Job, parts: Split, progress: Progress) -> dict[str, Outcome]:
    """Train all tasks one after the other, for all of the job's minutes; what a task leaves is the others'."""
    recipe = replace(candidate.recipe, epochs=UNBOUNDED_EPOCHS, patience=None)  # the minutes alone end it
    settings = Settings(Sampling(job.size, CANONICAL_FOCAL_PX, ZOOM), recipe, job.seed)
    frames, held_out = frames_of(parts.train), spread(frames_of(parts.held_out), HELD_OUT_FRAMES)
    began_s, done, outcomes = time.process_time(), 0.0, {}
    for task in candidate.tasks(networks):
        left_s = 60 * job.minutes - (time.process_time() - began_s)
        settings = replace(settings, budget_s=max(LEAST_BUDGET_S, left_s * task.share / (1 - done)))
        progress.begin(TRAINING_SHARE * done, TRAINING_SHARE * task.share)
        outcomes[task.name] = fit(task, frames, held_out, settings, progress, clock=time.process_time)
        done += task.share
    return outcomes


def _measure(folder: Path, recordings: Sequence[Recording], progress: Progress) -> dict[str, Any]:
    def tell(done: int, total: int) -> None:
        progress({"event": "progress", "stage": "measuring", "fraction": done / total})

    measured: dict[str, Any] = evaluate([recording.path for recording in recordings], folder, tell)["recordings"]
    return measured


def _write_version(folder: Path, graph: Model, job: Job, canonical_focal_px: float | None) -> None:
    """What a Predictor reads; and the weights once more, for TensorFlow to be timed with."""
    folder.mkdir(parents=True, exist_ok=True)
    export_openvino(graph, folder, job.size)
    graph.save_weights(folder / KERAS_WEIGHTS_NAME)
    version = VersionConfig(
        created_utc=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        size=job.size,
        canonical_focal_px=canonical_focal_px,
        preset=job.candidate,
        parent=None,
        train=asdict(job),
        data=[],
        software={},
        files={name: file_crc32(folder / name) for name in OPENVINO_NAMES},
    )
    (folder / CONFIG_NAME).write_text(version.to_json(), encoding="utf-8")


def work(document: str, on_event: OnEvent) -> None:
    on_event({"event": "done", "results": run(Job.from_json(document), on_event)})


if __name__ == "__main__":
    sys.exit(child.answer(work, STOPPED))
