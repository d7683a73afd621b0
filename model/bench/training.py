"""Train one candidate of the benchmark, without measuring it: `python -m model.bench.training`, a Job as its input.

It needs neither TensorFlow nor OpenVINO, so that it also runs under KERAS_BACKEND=jax on a GPU. `model.bench.run` then
measures what it leaves in the job's folder instead of training it again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from capture.errors import LidarliveError
from model.bench.candidates import CANDIDATES, Candidate, Networks
from model.bench.job import STOPPED, Job, Row, Trained
from model.config import CANONICAL_FOCAL_PX, HELD_OUT_FRAMES, UNBOUNDED_EPOCHS
from model.data.batches import Sampling, frames_of, spread
from model.data.split import Split
from model.events import OnEvent
from model.jobs import worker
from model.report import Outcome
from model.training.fit import Settings, fit
from model.training.progress import JobProgress

ZOOM = 1.3  # as the starter weights were trained
EPOCH_FRAMES = 400
TRAINING_SHARE = 0.9  # of the job; the rest is measuring
LEAST_BUDGET_S = 1.0  # of a task when the others used all the time: it takes one step and is measured
FACTS = "facts"  # of a file of weights: the array beside those of the networks, JSON as bytes


def train(job: Job, progress: JobProgress) -> tuple[Networks, Row]:
    """The candidate's networks, trained or as `save` left them for this job, and facts about the training.

    Its keys: `told` (the job's fingerprint), minutes, steps, images, tasks (Outcome by name), trained_on.

    Raises LidarliveError where the data is invalid, the memory too small, the loss not finite, or the networks in the
    folder are of another job.
    """
    candidate, (parts, _) = CANDIDATES[job.candidate], job.split()
    candidate.check_memory(job.size, candidate.recipe.batch)
    keras.utils.set_random_seed(job.seed)
    networks = candidate.build()
    if job.trained_path.exists():
        return networks, _load(networks, job)
    outcomes = _train_tasks(candidate, networks, job, parts, progress)
    return networks, {
        "told": job.fingerprint(),
        "minutes": round(sum(outcome.seconds for outcome in outcomes.values()) / 60, 2),
        "steps": sum(outcome.steps for outcome in outcomes.values()),
        "images": sum(outcome.images for outcome in outcomes.values()),
        "tasks": {name: asdict(outcome) for name, outcome in outcomes.items()},
        "trained_on": _trained_on(),
    }


def save(networks: Networks, facts: Row, path: Path) -> None:
    """Write networks and facts for `train` to find; the file appears whole."""
    arrays = {f"{number:04}": weight for number, weight in enumerate(_weights(networks))}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **arrays, **{FACTS: np.frombuffer(json.dumps(facts).encode(), np.uint8)})  # type: ignore[arg-type]
    os.replace(unfinished, path)


def _load(networks: Networks, job: Job) -> Row:
    with np.load(job.trained_path, allow_pickle=False) as stored:
        facts: Row = json.loads(stored[FACTS].tobytes())
        arrays = [stored[name] for name in sorted(set(stored.files) - {FACTS})]
    if facts["told"] != job.fingerprint():
        raise LidarliveError(
            f"{job.trained_path} was trained with other options than this benchmark's. Move it away, or name another "
            f"folder with --out. Its options: {facts['told']}; this benchmark's: {job.fingerprint()}"
        )
    variables = [variable for network in _networks(networks) for variable in network.weights]
    if [variable.shape for variable in variables] != [array.shape for array in arrays]:
        raise LidarliveError(f"{job.trained_path} holds other networks than those of {job.candidate}. Move it away")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return facts


def _train_tasks(
    candidate: Candidate, networks: Networks, job: Job, parts: Split, progress: JobProgress
) -> dict[str, Outcome]:
    """Train all tasks in turn, for all of the minutes or images; what a task leaves is left to the others."""
    frames, held_out = frames_of(parts.train), spread(frames_of(parts.held_out), HELD_OUT_FRAMES)
    recipe = replace(candidate.recipe, epochs=UNBOUNDED_EPOCHS, patience=None)  # minutes or images alone end it
    settings = Settings(Sampling(job.size, CANONICAL_FOCAL_PX, ZOOM), recipe, job.seed, EPOCH_FRAMES)
    clock = time.process_time if job.images is None else time.monotonic
    began_s, done, outcomes = clock(), 0.0, {}
    for task in candidate.tasks(networks):
        if job.minutes is not None:
            left_s = 60 * job.minutes - (clock() - began_s)
            settings = replace(settings, budget_s=max(LEAST_BUDGET_S, left_s * task.share / (1 - done)))
        if job.images is not None:
            epochs = max(1, round(job.images * task.share / min(len(frames), EPOCH_FRAMES)))
            settings = replace(settings, recipe=replace(recipe, epochs=epochs))
        progress.begin(TRAINING_SHARE * done, TRAINING_SHARE * task.share)
        outcomes[task.name] = fit(task, frames, held_out, settings, progress, clock=clock)
        done += task.share
    return outcomes


def _trained_on() -> str:
    """The backend of Keras and what it computes with: "tensorflow, cpu"."""
    backend = keras.backend.backend()
    if backend != "jax":
        return f"{backend}, {keras.distribution.list_devices()[0].split(':')[0]}"
    import jax  # type: ignore[import-not-found]

    return f"jax, {jax.devices()[0].device_kind}"


def _weights(networks: Networks) -> list[np.ndarray]:
    return [weight for network in _networks(networks) for weight in network.get_weights()]


def _networks(networks: Networks) -> tuple[Any, ...]:
    return networks if isinstance(networks, tuple) else (networks,)


def work(document: str, on_event: OnEvent) -> None:
    job = Job.from_json(document)
    networks, facts = train(job, JobProgress(on_event))
    save(networks, facts, job.trained_path)
    on_event(Trained(str(job.trained_path)))


if __name__ == "__main__":
    sys.exit(worker.answer(work, STOPPED))
