"""Trains and measures one candidate: `python -m model.bench.run`, a Job as JSON on standard input.

Its events are those of `model.training.fit`, their `fraction` that of the whole training, and at the end
    {"event": "done", "results": [what `run` returns]}
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from capture.recording import Recording
from model.bench.candidates import CANDIDATES
from model.bench.job import KERAS_WEIGHTS_NAME, STOPPED, Job
from model.bench.macs import macs
from model.bench.training import TRAINING_SHARE, train
from model.config import CONFIG_NAME, OPENVINO_NAMES, VersionConfig, file_crc32
from model.evaluation.evaluate import evaluate
from model.export.openvino import export_openvino
from model.jobs import worker
from model.jobs.worker import OnEvent
from model.presets.base import Model
from model.training.progress import Progress


def run(job: Job, on_event: OnEvent) -> list[dict[str, Any]]:
    """Train the candidate and measure each of its forms, as a weights version in a folder of its own in `job.out`.

    A dictionary for each form: row, about, candidate, seed, what `train` says of the training, parameters, macs,
    weights (the folder) and recordings (what `evaluate` measures, by name).

    Raises LidarliveError where the data is no good, the memory too small, or the loss stops being a number.
    """
    candidate, (parts, test) = CANDIDATES[job.candidate], job.split()
    progress = Progress(on_event)
    networks, trained = train(job, progress)
    share = (1 - TRAINING_SHARE) / len(candidate.forms)
    results = []
    for number, form in enumerate(candidate.forms):
        progress.begin(TRAINING_SHARE + number * share, share)
        folder, graph = Path(job.out) / f"{form.row}-{job.seed}", form.graph(networks)
        _write_version(folder, graph, job, candidate.canonical_focal_px)
        size = {"parameters": graph.count_params(), "macs": macs(graph, job.size[1], job.size[0])}
        measured = _measure(folder, (*parts.held_out, *test), progress)
        named = {"row": form.row, "about": form.about, "candidate": job.candidate, "seed": job.seed}
        results.append({**named, **trained, **size, "weights": str(folder), "recordings": measured})
    return results


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
    sys.exit(worker.answer(work, STOPPED))
