"""`lidarlive bench start`: time to the painted window and to the first prediction, and memory without a phone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from app.bench.capture.cases import NORMAL
from app.bench.capture.numbered_clip import prepared_clip
from app.bench.capture.process_monitor import MEMORY_KIND
from app.bench.capture.x_display import display, display_name
from app.bench.goals import Goal
from app.bench.machine import computer
from app.cli.options import JsonOption
from capture import clock
from capture.errors import LidarliveError
from capture.usb.usbmuxd import ADDRESS_VARIABLE
from capture.virtual_phone.process import PhoneProcess
from model import store

WINDOW_S, PREDICTION_S, IDLE_MB = 1.0, 2.0, 300.0
TIMEOUT_S = 180.0  # a window takes seconds; a busy computer is no failure
PROBE = "app.bench.start_probe"


@dataclass(frozen=True)
class Start:
    """One start. Seconds since the command was started; None if it was not reached."""

    window_s: float | None
    prediction_s: float | None
    memory_mb: float


@dataclass(frozen=True)
class BenchStartCommand:
    """Time the start to the painted window and to the first prediction, and measure the memory without a phone."""

    rounds: Annotated[int, typer.Option(min=1, help="starts with a phone, and starts without")] = 5
    json: JsonOption = False


def run(options: BenchStartCommand) -> int:
    """Run the benchmark. Raises LidarliveError."""
    return bench_start(options.rounds, as_json=options.json)


def bench_start(rounds: int, as_json: bool) -> int:
    """Start the window `rounds` times with a streaming phone and without. Raises LidarliveError if a start fails."""
    store.named_or_active(None)  # raises here: without weights there is no prediction
    clip, console = prepared_clip(NORMAL), Console(stderr=True)
    tracked = partial(track, range(rounds), console=console, transient=True, disable=not console.is_terminal)
    with tempfile.TemporaryDirectory(prefix="lidarlive-bench-") as folder:
        with PhoneProcess(str(clip), fps=60) as phone:
            phone.wait_ready()
            first = start_once(phone.address, Path(folder))  # fills the disk cache
            streaming = [start_once(phone.address, Path(folder)) for _ in tracked(description="with a phone")]
        idle = [start_once(f"UNIX:{folder}/nobody", Path(folder)) for _ in tracked(description="without one")]
    results = goals(streaming, idle)
    measured_on = {**computer(), "display": display_name(), "memory_kind": MEMORY_KIND}
    document = {
        "measured_on": measured_on,
        "first": asdict(first),
        "streaming": [asdict(start) for start in streaming],
        "idle": [asdict(start) for start in idle],
        "goals": [{**asdict(goal), "met": goal.met} for goal in results],
    }
    print(json.dumps(document) if as_json else _text(measured_on, rounds, results))
    return 0


def goals(streaming: Sequence[Start], idle: Sequence[Start]) -> list[Goal]:
    """Compare the medians with the limits. A start that never finished counts as infinite."""
    never = float("inf")
    window_s = median(never if start.window_s is None else start.window_s for start in streaming)
    prediction_s = median(never if start.prediction_s is None else start.prediction_s for start in streaming)
    memory_mb = median(start.memory_mb for start in idle)
    return [
        Goal("window painted, s", window_s, "below", WINDOW_S),
        Goal("first prediction painted, s", prediction_s, "below", PREDICTION_S),
        Goal("memory without a phone, MB", memory_mb, "below", IDLE_MB),
    ]


def start_once(address: str, home: Path) -> Start:
    """Start the command once, with the phone at `address`, on a new display. Raises LidarliveError."""
    command = [sys.executable, "-m", PROBE, "--source", "usb"]
    with display() as screen:
        environment = {**screen.environment, ADDRESS_VARIABLE: address, "LIDARLIVE_HOME": str(home)}
        began_ns = clock.now_ns()
        done = _run(command, environment)
    if done.returncode or not done.stdout:
        errors = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise LidarliveError(f"the window could not be started: {errors[-1]}")
    started = json.loads(done.stdout.splitlines()[-1])
    window_s, prediction_s = (
        None if started[name] is None else (started[name] - began_ns) / 1e9 for name in ("window_ns", "prediction_ns")
    )
    return Start(window_s, prediction_s, started["memory_mb"])


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise LidarliveError(f"the window did not close by itself within {TIMEOUT_S:.0f} s. Try again") from None


def _text(on: Mapping[str, object], rounds: int, results: Sequence[Goal]) -> str:
    lines = [
        f"On {on['processor']}, {on['cores']} cores; {on['system']}, Python {on['python']}; {on['display']}. "
        f"Medians of {rounds} starts after a first one; memory is {on['memory_kind']}.",
        "",
        "| goal | measured | should be below | |",
        "|---|---|---|---|",
    ]
    lines += [f"| {g.what} | {g.measured:.2f} | {g.limit:g} | {'met' if g.met else 'missed'} |" for g in results]
    return "\n".join(lines)
