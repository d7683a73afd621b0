"""Cost of a running case, measured from outside: processor seconds and memory by process."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
import psutil

from capture import clock

OURS = ("app", "capture")  # the phone and the display are not part of the program
MEMORY_KIND = "PSS" if sys.platform == "linux" else "USS" if sys.platform in ("darwin", "win32") else "RSS"
MB = 1e6


@dataclass(frozen=True)
class Percentiles:
    """Percentiles of delays, in ms."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> Percentiles | None:
        """Return None if there are no values."""
        return cls(*np.percentile(values_ms, (50, 95, 99)).tolist()) if values_ms else None


@dataclass(frozen=True)
class Memory:
    """Peak memory of our processes together, in MB: of the whole run, of its first half, of its second half."""

    most: float
    first_half: float
    second_half: float

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Memory | None:
        """Return None if there are too few samples for two halves."""
        totals = [sum(sample.memory_mb.get(role, 0.0) for role in OURS) for sample in samples]
        if len(totals) < 2:
            return None
        half = len(totals) // 2
        return cls(max(totals), max(totals[:half]), max(totals[half:]))


@dataclass(frozen=True)
class Sample:
    """Processor seconds since the start of each role's processes, and their memory."""

    ns: int
    cpu_s: dict[str, float] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)


class Monitor:
    """Thread that samples processes every `interval_s` until the context ends.

    `pids` names them by role; all descendants of `app` are `capture`. A process that has ended keeps its last value, so
    that the sums never fall.
    """

    def __init__(self, pids: Mapping[str, int], interval_s: float) -> None:
        self.samples: list[Sample] = []
        self._pids, self._interval_s = pids, interval_s
        self._cpu_s: dict[tuple[str, int], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    def __enter__(self) -> Monitor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def between(self, first_ns: int, last_ns: int) -> list[Sample]:
        return [sample for sample in self.samples if first_ns <= sample.ns <= last_ns]

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._over.wait(max(0.0, due_s - time.monotonic())):
            self.samples.append(self._sample())
            due_s += self._interval_s

    def _sample(self) -> Sample:
        memory_mb: dict[str, float] = {}
        ns = clock.now_ns()
        for role, process in self._processes():
            with contextlib.suppress(psutil.Error):  # it has just exited
                spent = process.cpu_times()
                self._cpu_s[role, process.pid] = spent.user + spent.system
                memory_mb[role] = memory_mb.get(role, 0.0) + memory_bytes(process) / MB
        cpu_s: dict[str, float] = {}
        for (role, _), spent_s in self._cpu_s.items():
            cpu_s[role] = cpu_s.get(role, 0.0) + spent_s
        return Sample(ns, cpu_s, memory_mb)

    def _processes(self) -> Iterable[tuple[str, psutil.Process]]:
        for role, pid in self._pids.items():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                yield role, process
                if role == "app":
                    yield from (("capture", child) for child in process.children(recursive=True))


def cpu_ms_a_frame(samples: Sequence[Sample], frames: int) -> dict[str, float]:
    """Return ms of processor time per frame, by role and `total` of our processes; {} if there are too few samples."""
    if len(samples) < 2 or not frames:
        return {}
    first, last = samples[0].cpu_s, samples[-1].cpu_s
    spent = {role: (seconds - first.get(role, 0.0)) * 1000 / frames for role, seconds in last.items()}
    return {**spent, "total": sum(spent.get(role, 0.0) for role in OURS)}


def memory_bytes(process: psutil.Process) -> int:
    """Return PSS (shared pages in equal parts), USS (shared pages excluded) or RSS (counted for each process)."""
    if MEMORY_KIND == "RSS":
        return int(process.memory_info().rss)
    full = process.memory_full_info()
    return int(full.pss if MEMORY_KIND == "PSS" else full.uss)
