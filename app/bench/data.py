"""`lidarlive bench data`: what reading, importing, exporting and checking recordings takes, in time and memory."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from app.bench.capture.cases import LARGE, NORMAL
from app.bench.goals import Goal
from app.bench.machine import computer
from capture.formats.base import ImportOptions
from capture.formats.exporting import ExportOptions, export_path
from capture.formats.importing import import_path
from capture.frame import Pose
from capture.inspection.examine import examine
from capture.recording import Recording
from capture.room import DemoRoom
from capture.storage.encoding import EncodedFrame, encode
from capture.storage.layout import LOG_NAME
from capture.storage.writer import RecordingWriter

SMALL = (90, 120)  # (width, height) of the pictures of the long recording: it is their number that counts
READS = 100
MEGA = 1e6


@dataclass(frozen=True)
class Sizes:
    """Frames of each recording that is measured."""

    checked: int = 1000
    imported: int = 180
    long: int = 10_000
    opened: int = 100_000  # lines of the log that is opened


@dataclass(frozen=True)
class Measured:
    """Wall-clock times; memory is the most that this process held (RSS)."""

    read_ms: float
    open_s: float
    check_s: float
    export_fps: float
    import_fps: float
    long_import_mb: float
    long_export_mb: float


def bench_data(as_json: bool, sizes: Sizes = Sizes()) -> int:
    """Measure on recordings of the demo room. Raises LidarliveError where the disk has no room for them."""
    with tempfile.TemporaryDirectory(prefix="lidarlive-bench-") as folder:
        measured = measure(Path(folder), sizes)
    found = goals(measured, sizes)
    if as_json:
        told = [{**asdict(goal), "met": goal.met} for goal in found]
        print(json.dumps({"measured_on": computer(), "measured": asdict(measured), "goals": told}))
    else:
        table = Table("goal", "measured", "should be", "")
        for goal in found:
            outcome = "met" if goal.met else "missed"
            table.add_row(goal.what, f"{goal.measured:.2f}", f"{goal.side} {goal.limit:g}", outcome)
        Console().print(table)
    return 0


def goals(measured: Measured, sizes: Sizes) -> list[Goal]:
    """That of `check` is for 1,000 frames, and grows with them."""
    return [
        Goal("a frame of 720x960 read, ms", measured.read_ms, "below", 12.0),
        Goal(f"a log of {sizes.opened:,} frames opened, s", measured.open_s, "below", 1.0),
        Goal(f"{sizes.checked:,} frames of 720x960 checked, s", measured.check_s, "below", 15.0 * sizes.checked / 1000),
        Goal(".r3d of 1440x1920 imported, frames/s", measured.import_fps, "above", 150.0),
        Goal(f"memory, {sizes.long:,} frames imported, MB", measured.long_import_mb, "below", 500.0),
        Goal(f"memory, {sizes.long:,} frames exported, MB", measured.long_export_mb, "below", 500.0),
    ]


def measure(folder: Path, sizes: Sizes) -> Measured:
    normal = _record(folder / "normal", NORMAL, sizes.checked)
    read_ms = median(1000 * _seconds(lambda i=i: normal[i]) for i in range(min(READS, len(normal))))  # type: ignore[misc]
    check_s = _seconds(lambda: examine(normal.path))
    _lengthen(normal, sizes.opened)
    open_s = _seconds(lambda: Recording(normal.path))
    large = _record(folder / "large", LARGE, sizes.imported)
    out_s, in_s, _ = _out_and_in(large, folder / "large.r3d", folder / "again")
    small = _record(folder / "small", SMALL, sizes.long)
    _, _, (out_mb, in_mb) = _out_and_in(small, folder / "small.r3d", folder / "long")
    return Measured(read_ms, open_s, check_s, sizes.imported / out_s, sizes.imported / in_s, in_mb, out_mb)


def _seconds(do: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    do()
    return time.perf_counter() - began_s


def _out_and_in(recording: Recording, file: Path, dataset: Path) -> tuple[float, float, tuple[float, float]]:
    """Seconds of its export to `.r3d` and of the import of that, and the most memory of either in MB."""
    process, most = psutil.Process(), [0.0]

    def look(done: int, total: int) -> None:
        if done % max(1, total // 100) == 0:
            most[0] = max(most[0], process.memory_info().rss / MEGA)

    out_s = _seconds(lambda: export_path(recording.path, file, ExportOptions("r3d"), look))
    out_mb, most[0] = most[0], 0.0
    in_s = _seconds(lambda: import_path(file, dataset, ImportOptions(), look))
    return out_s, in_s, (out_mb, most[0])


def _record(dataset: Path, rgb_size: tuple[int, int], frames: int) -> Recording:
    with RecordingWriter(dataset, "bench", source="demo room") as writer:
        for frame in _frames(rgb_size, frames):
            writer.append(frame)
    assert writer.path is not None
    return Recording(writer.path)


def _frames(rgb_size: tuple[int, int], frames: int) -> Iterator[EncodedFrame]:
    """One view of the room, from a camera that moves on: what files hold costs the same whatever they show."""
    view = encode(DemoRoom(0).render(0, rgb_size), None)
    for i in range(frames):
        yield replace(view, index=i, received_ns=i * 33_333_333, pose=Pose(position_m=(i / 100, 0.0, 0.0)))


def _lengthen(recording: Recording, lines: int) -> None:
    log = recording.path / LOG_NAME
    known = log.read_bytes()
    log.write_bytes(known * -(-lines // len(recording)))
