"""Time a frame in each runtime: `python -m model.bench.inference`, an `InferenceOptions` as JSON on standard input.

Its last event is {"event": "done", "inference": what `measure` returns}. All runtimes take turns, a few frames each,
so that other load on the computer affects all of them alike.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from capture.jpeg import UInt8Image
from capture.storage import json_codec
from model.bench.job import Row, RuntimesTimed
from model.bench.macs import macs
from model.bench.runtimes import Runtime, runtimes
from model.config import VersionConfig
from model.events import OnEvent, Progress
from model.jobs import worker
from model.presets.registry import PRESETS

FRAMES_A_TURN = {"original": 1}  # of others more: a runtime's own threads need a moment to wake and to sleep
FRAMES_OF_OTHERS = 8
WARM_UP = 2  # frames of a turn that are not counted
MATRIX = 1024  # rows and columns: its product fits no cache of one core, and still takes milliseconds
MATRIX_ROUNDS = 12


@dataclass(frozen=True)
class InferenceOptions:
    """`threads` of each runtime; `turns` that each takes."""

    weights: str
    threads: int
    turns: int

    def __post_init__(self) -> None:
        if min(self.threads, self.turns) < 1:
            raise ValueError(f"threads and turns must be 1 or more. Received: {self}")


def measure(options: InferenceOptions, on_event: OnEvent) -> Row:
    """Times of every runtime, and the time of as many multiplications in a product of large matrices.

    {"threads", "size", "matrix_gmacs_per_s", "macs": {pair: MACs a frame},
     "runtimes": [{"name", "pair", "precision", "frames", "p50_ms", "p95_ms", "p99_ms", "difference"}]}

    `difference` is the largest one in depth from the first runtime of the same pair, relative.
    """
    folder = Path(options.weights)
    size = VersionConfig.read(folder).size
    ready = runtimes(folder, options.threads)
    pictures = _pictures(size)
    taken_ms: list[list[float]] = [[] for _ in ready]
    for turn in range(options.turns):
        for runtime, times in zip(ready, taken_ms, strict=True):
            times += _turn(runtime, pictures)
        on_event(Progress(f"{options.threads} threads", (turn + 1) / options.turns))
    return {
        "threads": options.threads,
        "size": list(size),
        "matrix_gmacs_per_s": round(_matrix_gmacs_per_s(), 2),
        "macs": {pair: _macs(pair, size) for pair in dict.fromkeys(runtime.pair for runtime in ready)},
        "runtimes": [_described(r, t, ready, pictures[0]) for r, t in zip(ready, taken_ms, strict=True)],
    }


def _turn(runtime: Runtime, pictures: list[UInt8Image]) -> list[float]:
    """Milliseconds of each frame that counts."""
    frames, times = FRAMES_A_TURN.get(runtime.pair, FRAMES_OF_OTHERS), []
    for number in range(WARM_UP + frames if frames > 1 else 1):
        start = time.perf_counter()
        runtime.call(pictures[number % len(pictures)])
        times.append(1000 * (time.perf_counter() - start))
    return times[-frames:]


def _described(runtime: Runtime, times_ms: list[float], ready: list[Runtime], picture: UInt8Image) -> Row:
    p50, p95, p99 = np.percentile(times_ms, (50, 95, 99)).round(2).tolist()
    first = next(other for other in ready if other.pair == runtime.pair)
    expected, answered = first.call(picture)[0], runtime.call(picture)[0]
    difference = float(np.max(np.abs(answered - expected) / np.maximum(np.abs(expected), 0.1)))
    named = {"name": runtime.name, "pair": runtime.pair, "precision": runtime.precision, "frames": len(times_ms)}
    return {**named, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "difference": float(f"{difference:.2g}")}


def _macs(pair: str, size: tuple[int, int]) -> int:
    preset = PRESETS[pair]
    return macs(preset.graph(preset.build()), size[1], size[0])


def _matrix_gmacs_per_s() -> float:
    """The best of a few products of matrices in float32, with the threads that TensorFlow was given."""
    a = tf.random.stateless_uniform((MATRIX, MATRIX), seed=(0, 1))
    product = tf.function(lambda x: tf.matmul(x, x))
    product(a)
    seconds = []
    for _ in range(MATRIX_ROUNDS):
        start = time.perf_counter()
        product(a).numpy()
        seconds.append(time.perf_counter() - start)
    return MATRIX**3 / min(seconds) / 1e9


def _pictures(size: tuple[int, int]) -> list[UInt8Image]:
    """Different ones, so that none finds its answer in a cache."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (1, size[1], size[0], 3), dtype=np.uint8) for _ in range(4)]


def work(document: str, on_event: OnEvent) -> None:
    options = json_codec.decode(InferenceOptions, document)
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    on_event(RuntimesTimed(measure(options, on_event)))


if __name__ == "__main__":
    sys.exit(worker.answer(work, "The benchmark was stopped"))
