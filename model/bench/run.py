"""Train and measure one candidate: `python -m model.bench.run`, a Job as JSON on standard input.

Its events are those of `model.training.fit`, with `fraction` of the whole training, and at the end
    {"event": "done", "results": [what `run` returns]}
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from capture.recording import Recording
from model.bench.candidates import CANDIDATES
from model.bench.job import KERAS_WEIGHTS_NAME, STOPPED, Benchmarked, Job, Row
from model.bench.macs import macs
from model.bench.training import TRAINING_SHARE, train
from model.config import CONFIG_NAME, OPENVINO_NAMES, VersionConfig, file_crc32
from model.evaluation.evaluate import evaluate
from model.events import OnEvent, Progress
from model.export.openvino import export_openvino
from model.jobs import worker
from model.presets.base import Model
from model.report import Ranges
from model.training.progress import JobProgress


def run(job: Job, on_event: OnEvent) -> list[Row]:
    """Train the candidate and measure each of its forms, as a weights version in a folder of its own in `job.out`.

    A dictionary for each form: row, about, candidate, seed, what `train` returns, parameters, macs, weights (the
    folder) and recordings (what `evaluate` measures, by name).

    Raises LidarliveError where the data is invalid, the memory too small, or the loss not finite.
    """
    candidate, (parts, test) = CANDIDATES[job.candidate], job.split()
    progress = JobProgress(on_event)
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


def _measure(folder: Path, recordings: Sequence[Recording], progress: JobProgress) -> dict[str, Ranges]:
    def on_progress(done: int, total: int) -> None:
        progress(Progress("measuring", done / total))

    return evaluate([recording.path for recording in recordings], folder, on_progress).recordings


def _write_version(folder: Path, graph: Model, job: Job, canonical_focal_px: float | None) -> None:
    """Write what a Predictor reads; and the weights once more, so that TensorFlow is timed on them."""
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
    on_event(Benchmarked(run(Job.from_json(document), on_event)))


if __name__ == "__main__":
    sys.exit(worker.answer(work, STOPPED))
