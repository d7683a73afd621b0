"""Time the candidates, per frame: `python -m model.bench.speed`, {candidate: folder} as JSON on standard input.

Its last event is {"event": "done", "speed": what `measure` returns}. All are timed in one run, one call each in turn,
so that other load on the computer affects all of them alike.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import numpy as np
import tensorflow as tf

from model.bench.candidates import CANDIDATES
from model.bench.job import KERAS_WEIGHTS_NAME, STOPPED, Timed
from model.events import OnEvent, Progress
from model.jobs import worker
from model.predictor import Predictor

ROUNDS = 21
Call = Callable[[], object]


def measure(weights: Mapping[str, Path], on_event: OnEvent) -> dict[str, dict[str, float]]:
    """{candidate: {"openvino_ms", "tf_function_ms"}}: the median over `ROUNDS` frames of the weights' own size.

    Both in float32, with the default number of threads of each: all cores.
    """
    calls = {
        (name, runtime): call
        for name, folder in weights.items()
        for runtime, call in (("openvino_ms", _openvino(folder)), ("tf_function_ms", _tf_function(name, folder)))
    }
    for call in calls.values():
        call()  # the first one compiles
    taken_ms: dict[tuple[str, str], list[float]] = {key: [] for key in calls}
    for done in range(ROUNDS):
        for key, call in calls.items():
            start = time.perf_counter()
            call()
            taken_ms[key].append(1000 * (time.perf_counter() - start))
        on_event(Progress("timing", (done + 1) / ROUNDS))
    return {
        name: {runtime: round(median(taken_ms[name, runtime]), 2) for runtime in ("openvino_ms", "tf_function_ms")}
        for name in weights
    }


def _openvino(folder: Path) -> Call:
    predictor = Predictor(folder)
    rgb = _picture(predictor.config.size)
    return lambda: predictor(rgb)


def _tf_function(candidate: str, folder: Path) -> Call:
    known = CANDIDATES[candidate]
    graph = known.forms[0].graph(known.build())
    graph.load_weights(folder / KERAS_WEIGHTS_NAME)
    rgb = tf.constant(_picture(Predictor(folder).config.size)[None])
    traced = tf.function(lambda given: graph(given, training=False))
    return lambda: {name: answer.numpy() for name, answer in traced(rgb).items()}


def _picture(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def work(document: str, on_event: OnEvent) -> None:
    weights = {name: Path(folder) for name, folder in json.loads(document).items()}
    on_event(Timed(measure(weights, on_event)))


if __name__ == "__main__":
    sys.exit(worker.answer(work, STOPPED))
