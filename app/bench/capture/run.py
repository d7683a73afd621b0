"""One run of a case: the stand-in phone plays, and a real program in a process of its own reads its stream.

    phone (its send log) ──► program under test ──► recording ──► read and compared with the send log
                                   ▲   │               ▲
                             Monitor   its Moments     CommitLogWatcher
                       (CPU, memory)   (printed)       (lines in the log)

All moments are clock.now_ns(), one clock for all processes of a computer.
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

from app.bench.capture.cases import WITH_RECORDING, WITH_WINDOW, Case, Kind
from app.bench.capture.log_watcher import CommitLogWatcher
from app.bench.capture.moments import Moments
from app.bench.capture.numbered_clip import prepared_clip
from app.bench.capture.process_monitor import Memory, Monitor, Percentiles, Sample, cpu_ms_a_frame
from app.bench.capture.recording_check import RecordingVerdict, SentFrames, Stamp, verify
from app.bench.capture.x_display import Display, display
from capture.errors import LidarliveError
from capture.recording import Dataset, Recording
from capture.usb.usbmuxd import ADDRESS_VARIABLE
from capture.virtual_phone.process import PhoneProcess

WARM_UP_S = 1.0  # work at the start is no cost per frame
SAMPLE_S = 1.0
MIN_SAMPLES = 10  # of a short run
RATE_TOLERANCE = 0.01  # a run counts only if the phone kept the rate of the case
EDGE_NS = 100_000_000  # a frame received so shortly before the stop may be too late for the recording
OVERHEAD_S = 500.0  # for start and end; longer than the program under test waits by itself


@dataclass(frozen=True)
class RunResult:
    """Result of a case; None and {} for what it does not measure.

    counts             whether the phone dropped nothing and kept the rate; else the figures mean nothing
    sent, fps          what the phone sent during the recording, or during the run without one
    delay_ms           since the phone began to send: received (`hands`), `predicted`, on `disk`, LiDAR `painted`
    start_ms           from the button to the first line in the log
    switch_gap_ms      longest time without a prediction since weights were loaded anew
    blocked_ms         longest time for which the Qt thread's event loop was blocked
    cpu_ms             per frame, by process, and of our processes: `total`
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
    trained_images: int | None  # by a training beside it
    cpu_ms: dict[str, float]
    memory_mb: Memory | None


@dataclass(frozen=True)
class Observed:
    """Everything observed about a run."""

    log: SentFrames
    samples: list[Sample]
    moments: Moments
    recording: Recording | None
    committed_ns: list[int]


def run_case(case: Case, weights: Path) -> RunResult:
    """Run and judge one case. Raises LidarliveError if the program under test or the phone fails."""
    with tempfile.TemporaryDirectory(prefix="lidarlive-bench-") as folder:
        return _result(case, _observed(case, weights, Path(folder)))


def _observed(case: Case, weights: Path, folder: Path) -> Observed:
    dataset, sent = folder / "recordings", folder / "sent.jsonl"
    dataset.mkdir()
    with ExitStack() as parts:
        phone = parts.enter_context(PhoneProcess(str(prepared_clip(case.rgb_size)), fps=case.fps, send_log=sent))
        phone.wait_ready()
        watcher = parts.enter_context(CommitLogWatcher(dataset, folder / "stamps"))
        windowed = case.kind in WITH_WINDOW
        screen = parts.enter_context(display()) if windowed else Display(dict(os.environ))
        environment = {**screen.environment, ADDRESS_VARIABLE: phone.address, "LIDARLIVE_HOME": str(folder)}
        pids = {role: pid for role, pid in (("phone", phone.pid), ("display", screen.pid)) if pid is not None}
        output, samples = _run(case, _command(case, dataset, weights), environment, pids)
        moments = Moments(**json.loads(output)) if windowed or case.kind == "hands" else Moments()
        recording = Dataset(dataset)[0] if case.kind in WITH_RECORDING else None
        committed_ns = watcher.committed_ns(len(recording)) if recording is not None else []
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
    """Run the program; return its output and the samples of its cost."""
    interval_s = min(SAMPLE_S, case.seconds / MIN_SAMPLES)
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as program,
    ):
        try:
            with Monitor({"app": program.pid, **pids}, interval_s) as monitor:
                output, _ = program.communicate(timeout=case.seconds + OVERHEAD_S)
        except subprocess.TimeoutExpired:
            raise LidarliveError(f"{case.name} did not end. Try again: --case {case.name}") from None
        finally:
            program.kill()
        if program.returncode not in (0, 3):  # 3: frames were lost, which the verdict counts
            errors.seek(0)
            lines = errors.read().strip().splitlines() or [f"exit status {program.returncode}"]
            raise LidarliveError(f"{case.name} failed: {lines[-1]}")
        return output, monitor.samples


def _result(case: Case, observed: Observed) -> RunResult:
    log, moments, recording = observed.log, observed.moments, observed.recording
    if not log.sent:
        raise LidarliveError(f"{case.name}: the phone sent nothing. Try again: --case {case.name}")
    first_ns = log.sent[0].begun_ns if moments.started_ns is None else moments.started_ns
    last_ns = log.sent[-1].begun_ns if moments.stopped_ns is None else moments.stopped_ns
    during, seconds = log.between(first_ns, last_ns), (last_ns - first_ns) / 1e9
    noted = {"hands": moments.hands, "predicted": moments.predicted, "painted": moments.painted}
    stamps = {kind: _between(of or [], first_ns, last_ns) for kind, of in noted.items()}
    verdict = start_ms = None
    if recording is not None:
        committed_ns = observed.committed_ns
        stamps["disk"] = [
            (round(line.pose.position_m[0]), ns) for line, ns in zip(recording.lines(), committed_ns, strict=True)
        ]
        verdict = verify(recording, committed_ns, log, _between(stamps["hands"], first_ns, last_ns - EDGE_NS))
        if moments.asked_ns is not None:
            start_ms = (committed_ns[0] - moments.asked_ns) / 1e6
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
        switch_gap_ms=_switch_gap_ms(moments, last_ns),
        blocked_ms=None if moments.blocked is None else _longest_block_ms(moments.blocked, first_ns, last_ns),
        repaints_per_s=None if moments.painted is None else len(stamps["painted"]) / seconds,
        predictions_per_s=None if moments.predicted is None else len(stamps["predicted"]) / seconds,
        trained_images=moments.trained_images,
        cpu_ms=cpu_ms_a_frame(steady, len(log.between(steady[0].ns, steady[-1].ns).sent)) if steady else {},
        memory_mb=Memory.of(steady),
    )


def _between(stamps: Sequence[Stamp], first_ns: int, last_ns: int) -> list[Stamp]:
    return [(number, ns) for number, ns in stamps if first_ns <= ns <= last_ns]


def _longest_block_ms(blocked: Sequence[tuple[int, float]], first_ns: int, last_ns: int) -> float:
    return max((ms for moment_ns, ms in blocked if first_ns <= moment_ns <= last_ns), default=0.0)


def _switch_gap_ms(moments: Moments, last_ns: int) -> float | None:
    """Return the longest time without a prediction between the switch of weights and the end."""
    if moments.switched_ns is None or moments.predicted is None:
        return None
    since = [ns for _, ns in _between(moments.predicted, moments.switched_ns, last_ns)]
    return max(after - before for before, after in pairwise([moments.switched_ns, *since, last_ns])) / 1e6
