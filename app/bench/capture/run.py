"""One run of a case: the stand-in phone plays, a real program in a process of its own takes what it sends.

    phone (its send log) ──► program under test ──► recording ──► read back and held against the send log
                                   ▲   │               ▲
                             Monitor   its moments     Tail
                       (CPU, memory)   (printed)       (lines in the log)

All moments are time.monotonic_ns(), one clock for all processes of a computer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from app.bench.capture.cases import KEPT, SEEN, Case, Kind
from app.bench.capture.log_watcher import CommitLogWatcher
from app.bench.capture.numbered_clip import prepared_clip
from app.bench.capture.process_monitor import Memory, Monitor, Percentiles, Sample, cpu_ms_a_frame
from app.bench.capture.recording_check import RecordingVerdict, SentFrames, Stamp, verify
from app.bench.capture.x_display import Display, display
from capture.errors import LidarliveError
from capture.recording import Dataset, Recording
from capture.usb.usbmuxd import ADDRESS_VARIABLE
from capture.virtual_phone.process import PhoneProcess

WARM_UP_S = 1.0  # what a program does once, when it starts, is not what it costs a frame
SAMPLE_S = 1.0
MIN_SAMPLES = 10  # of a short run
RATE_TOLERANCE = 0.01  # a run counts only where the phone kept the rate that was asked for
EDGE_NS = 100_000_000  # a frame in hands so shortly before the recording was stopped may have come to it too late
OVERHEAD_S = 500.0  # for start and end; longer than after what the program under test gives up by itself


@dataclass(frozen=True)
class RunResult:
    """What a case came to; None and {} where it has no such thing.

    counts             whether the phone dropped nothing and kept the rate: else the figures say nothing
    sent, fps          what the phone sent while the recording (or the run, where there is none) went on
    delay_ms           since the phone began to send: to the app's `hands`, `predicted`, on `disk`, LiDAR `painted`
    start_ms           from the button to the first line in the log
    switch_gap_ms      the longest time without a prediction since weights were loaded anew
    blocked_ms         the longest time for which the Qt thread's event loop stood still
    cpu_ms             a frame, by process, and of all of ours: `total`
    """

    case: Case
    counts: bool
    sent: int
    phone_dropped: int
    fps: float
    verdict: RecordingVerdict | None
    delay_ms: dict[str, Percentiles]
    start_ms: float | None
    switch_gap_ms: float | None
    blocked_ms: float | None
    repaints_per_s: float | None
    predictions_per_s: float | None
    trained_images: int | None  # seen by a training besides
    cpu_ms: dict[str, float]
    memory_mb: Memory | None


@dataclass(frozen=True)
class Observed:
    """What was seen of a run; `moments` is what the program printed of itself (`window_probe.Seen`, or a part)."""

    log: SentFrames
    samples: list[Sample]
    moments: dict[str, Any]
    recording: Recording | None
    committed_ns: list[int]


def run_case(case: Case, weights: Path) -> RunResult:
    """Run and judge one case. Raises LidarliveError where the program under test or the phone fails."""
    with tempfile.TemporaryDirectory(prefix="lidarlive-bench-") as folder:
        return _result(case, _observed(case, weights, Path(folder)))


def _observed(case: Case, weights: Path, folder: Path) -> Observed:
    dataset, sent = folder / "recordings", folder / "sent.jsonl"
    dataset.mkdir()
    with ExitStack() as parts:
        phone = parts.enter_context(PhoneProcess(str(prepared_clip(case.rgb_size)), fps=case.fps, send_log=sent))
        phone.wait_ready()
        tail = parts.enter_context(CommitLogWatcher(dataset, folder / "stamps"))
        seen = case.kind in SEEN
        screen = parts.enter_context(display()) if seen else Display(dict(os.environ))
        environment = {**screen.environment, ADDRESS_VARIABLE: phone.address, "LIDARLIVE_HOME": str(folder)}
        pids = {role: pid for role, pid in (("phone", phone.pid), ("display", screen.pid)) if pid is not None}
        output, samples = _run(case, _command(case, dataset, weights), environment, pids)
        moments = json.loads(output) if seen or case.kind == "hands" else {}
        recording = Dataset(dataset)[0] if case.kind in KEPT else None
        committed_ns = tail.committed_ns(len(recording)) if recording is not None else []
    return Observed(SentFrames.read(sent), samples, moments, recording, committed_ns)


def _command(case: Case, dataset: Path, weights: Path) -> list[str]:
    driver, seconds = case.driver, str(case.seconds)
    options = f"--source usb --driver {driver} --seconds {seconds} --json".split()
    words: dict[Kind, list[str]] = {
        "window": ["app.bench.capture.window_probe", driver, str(dataset), str(weights), seconds, "record"],
        "retrain": ["app.bench.capture.window_probe", driver, str(dataset), str(weights), seconds, "retrain"],
        "watch": ["app.bench.capture.window_probe", driver, str(dataset), str(weights), seconds, "watch"],
        "recorded": ["app", "record", str(dataset), *options],
        "hands": ["app.bench.capture.source_probe", driver, seconds],
        "bare": ["app.bench.capture.bare_record3d", seconds],
    }
    return [sys.executable, "-m", *words[case.kind]]


def _run(case: Case, command: list[str], environment: dict[str, str], pids: dict[str, int]) -> tuple[str, list[Sample]]:
    """What the program printed, and what it cost meanwhile."""
    interval_s = min(SAMPLE_S, case.seconds / MIN_SAMPLES)
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as program,
    ):
        try:
            with Monitor({"app": program.pid, **pids}, interval_s) as monitor:
                output, _ = program.communicate(timeout=case.seconds + OVERHEAD_S)
        except subprocess.TimeoutExpired:
            raise LidarliveError(f"{case.name} hangs. Try it again: --case {case.name}") from None
        finally:
            program.kill()
        if program.returncode not in (0, 3):  # 3: frames were lost, which the verdict tells
            errors.seek(0)
            said = errors.read().strip().splitlines() or [f"exit status {program.returncode}"]
            raise LidarliveError(f"{case.name} failed: {said[-1]}")
        return output, monitor.samples


def _result(case: Case, observed: Observed) -> RunResult:
    log, moments, recording = observed.log, observed.moments, observed.recording
    if not log.sent:
        raise LidarliveError(f"{case.name}: the phone sent nothing. Try it again: --case {case.name}")
    first_ns = moments.get("started_ns", log.sent[0].begun_ns)
    last_ns = moments.get("stopped_ns", log.sent[-1].begun_ns)
    during = log.between(first_ns, last_ns)
    stamps = {kind: _between(moments.get(kind, []), first_ns, last_ns) for kind in ("hands", "predicted", "painted")}
    verdict = start_ms = None
    if recording is not None:
        committed_ns = observed.committed_ns
        stamps["disk"] = [
            (round(line.pose.position_m[0]), ns) for line, ns in zip(recording.lines(), committed_ns, strict=True)
        ]
        verdict = verify(recording, committed_ns, log, _between(stamps["hands"], first_ns, last_ns - EDGE_NS))
        if moments.get("asked_ns") is not None:
            start_ms = (committed_ns[0] - moments["asked_ns"]) / 1e6
    switched_ns = moments.get("switched_ns")
    steady_ns = first_ns + int(min(WARM_UP_S, case.seconds / 4) * 1e9)
    steady = [sample for sample in observed.samples if steady_ns <= sample.ns <= last_ns]
    return RunResult(
        case,
        counts=not during.dropped and abs(during.fps / case.fps - 1) <= RATE_TOLERANCE,
        sent=len(during.sent),
        phone_dropped=len(during.dropped),
        fps=during.fps,
        verdict=verdict,
        delay_ms={kind: delay for kind, of in stamps.items() if (delay := Percentiles.of(log.delays_ms(of)))},
        start_ms=start_ms,
        switch_gap_ms=_longest_gap_ms(moments["predicted"], switched_ns, last_ns) if switched_ns is not None else None,
        blocked_ms=_longest_block_ms(moments["blocked"], first_ns, last_ns) if "blocked" in moments else None,
        repaints_per_s=len(stamps["painted"]) * 1e9 / (last_ns - first_ns) if "painted" in moments else None,
        predictions_per_s=len(stamps["predicted"]) * 1e9 / (last_ns - first_ns) if "predicted" in moments else None,
        trained_images=moments.get("trained_images"),
        cpu_ms=cpu_ms_a_frame(steady, len(log.between(steady[0].ns, steady[-1].ns).sent)) if steady else {},
        memory_mb=Memory.of(steady),
    )


def _between(stamps: Sequence[Stamp], first_ns: int, last_ns: int) -> list[Stamp]:
    return [(number, ns) for number, ns in stamps if first_ns <= ns <= last_ns]


def _longest_block_ms(blocked: Sequence[tuple[int, float]], first_ns: int, last_ns: int) -> float:
    return max((ms for moment_ns, ms in blocked if first_ns <= moment_ns <= last_ns), default=0.0)


def _longest_gap_ms(stamps: Sequence[Stamp], first_ns: int, last_ns: int) -> float:
    """Between two of the stamps, the beginning and the end."""
    moments = [first_ns, *(ns for _, ns in _between(stamps, first_ns, last_ns)), last_ns]
    return max(after - before for before, after in pairwise(moments)) / 1e6
