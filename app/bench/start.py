"""`lidarlive bench start`: from the command to the painted window and the first prediction; memory while it waits."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

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
from capture.errors import LidarliveError
from capture.usb.usbmuxd import ADDRESS_VARIABLE
from capture.virtual_phone.process import PhoneProcess
from model import store

WINDOW_S, PREDICTION_S, IDLE_MB = 1.0, 2.0, 300.0
TIMEOUT_S = 60.0
PROBE = "app.bench.start_probe"


@dataclass(frozen=True)
class Start:
    """Seconds since the command was started; None where nothing of the kind came."""

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
    """Start the window so often with a phone that streams, and without one. Raises LidarliveError where it fails."""
    store.named_or_active(None)  # else no prediction would ever come
    clip, console = prepared_clip(NORMAL), Console(stderr=True)
    shown: dict[str, Any] = {"console": console, "transient": True, "disable": not console.is_terminal}
    with tempfile.TemporaryDirectory(prefix="lidarlive-bench-") as folder:
        with PhoneProcess(str(clip), fps=60) as phone:
            phone.wait_ready()
            first = start_once(phone.address, Path(folder))  # brings everything into the disk cache
            streaming = [start_once(phone.address, Path(folder)) for _ in track(range(rounds), "with a phone", **shown)]
        idle = [start_once(f"UNIX:{folder}/nobody", Path(folder)) for _ in track(range(rounds), "without one", **shown)]
    found = goals(streaming, idle)
    document = {
        "measured_on": {**computer(), "display": display_name(), "memory_kind": MEMORY_KIND},
        "first": asdict(first),
        "streaming": [asdict(start) for start in streaming],
        "idle": [asdict(start) for start in idle],
        "goals": [{**asdict(goal), "met": goal.met} for goal in found],
    }
    print(json.dumps(document) if as_json else _text(document, found))
    return 0


def goals(streaming: Sequence[Start], idle: Sequence[Start]) -> list[Goal]:
    """By the medians; a start that never came to what is asked for takes for ever."""
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
    """One start of the command, with the phone at `address`, on a display of its own. Raises LidarliveError."""
    command = [sys.executable, "-m", PROBE, "--source", "usb"]
    with display() as screen:
        environment = {**screen.environment, ADDRESS_VARIABLE: address, "LIDARLIVE_HOME": str(home)}
        began_ns = time.monotonic_ns()
        done = _run(command, environment)
    if done.returncode or not done.stdout:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise LidarliveError(f"the window could not be started: {said[-1]}")
    seen = json.loads(done.stdout.splitlines()[-1])
    window_s, prediction_s = (
        None if seen[name] is None else (seen[name] - began_ns) / 1e9 for name in ("window_ns", "prediction_ns")
    )
    return Start(window_s, prediction_s, seen["memory_mb"])


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise LidarliveError(f"the window was not there after {TIMEOUT_S:.0f} s") from None


def _text(document: dict[str, Any], found: Sequence[Goal]) -> str:
    on = document["measured_on"]
    lines = [
        f"On {on['processor']}, {on['cores']} cores; {on['system']}, Python {on['python']}; {on['display']}. "
        f"Medians of {len(document['streaming'])} starts after a first one; memory is {on['memory_kind']}.",
        "",
        "| goal | measured | should be below | |",
        "|---|---|---|---|",
    ]
    lines += [f"| {g.what} | {g.measured:.2f} | {g.limit:g} | {'met' if g.met else 'missed'} |" for g in found]
    return "\n".join(lines)
