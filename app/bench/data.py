"""`lidarlive bench data`: time and memory of reading, checking, exporting and importing recordings."""

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
from capture.formats.exporting import ExportOptions, export_path
from capture.formats.importing import ImportOptions, import_path
from capture.frame import Pose
from capture.inspection.examine import examine
from capture.recording import Recording
from capture.room import DemoRoom
from capture.storage.encoding import EncodedFrame, encode
from capture.storage.layout import LOG_NAME
from capture.storage.writer import RecordingWriter

SMALL = (90, 120)  # (width, height) of the pictures in the long recording: only their number matters
READS = 100
MEGA = 1e6


@dataclass(frozen=True)
class Sizes:
    """Number of frames of each measured recording."""

    checked: int = 1000
    imported: int = 180
    long: int = 10_000
    opened: int = 100_000  # lines in the opened log


@dataclass(frozen=True)
class Measured:
    """Wall-clock times, and peak memory of this process (RSS)."""

    read_ms: float
    open_s: float
    check_s: float
    export_fps: float
    import_fps: float
    long_import_mb: float
    long_export_mb: float


def bench_data(as_json: bool, sizes: Sizes = Sizes()) -> int:
    """Measure on recordings of the demo room. Raises LidarliveError if the disk is full."""
    with tempfile.TemporaryDirectory(prefix="lidarlive-bench-") as folder:
        measured = measure(Path(folder), sizes)
    results = goals(measured, sizes)
    if as_json:
        document = [{**asdict(goal), "met": goal.met} for goal in results]
        print(json.dumps({"measured_on": computer(), "measured": asdict(measured), "goals": document}))
    else:
        table = Table("goal", "measured", "should be", "")
        for goal in results:
            outcome = "met" if goal.met else "missed"
            table.add_row(goal.what, f"{goal.measured:.2f}", f"{goal.side} {goal.limit:g}", outcome)
        Console().print(table)
    return 0


def goals(measured: Measured, sizes: Sizes) -> list[Goal]:
    """Compare with the limits. The limit of `check` is proportional to its frames."""
    return [
        Goal("a frame of 720x960 read, ms", measured.read_ms, "below", 12.0),
        Goal(f"a log of {sizes.opened:,} frames opened, s", measured.open_s, "below", 1.0),
        Goal(f"{sizes.checked:,} frames of 720x960 checked, s", measured.check_s, "below", 15.0 * sizes.checked / 1000),
        Goal(".r3d of 1440x1920 imported, frames/s", measured.import_fps, "above", 150.0),
        Goal(f"memory, {sizes.long:,} frames imported, MB", measured.long_import_mb, "below", 500.0),
        Goal(f"memory, {sizes.long:,} frames exported, MB", measured.long_export_mb, "below", 500.0),
    ]


def measure(folder: Path, sizes: Sizes) -> Measured:
    """Write recordings of these sizes into `folder` and time them. Raises LidarliveError."""
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


def _seconds(action: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    action()
    return time.perf_counter() - started_s


def _out_and_in(recording: Recording, file: Path, dataset: Path) -> tuple[float, float, tuple[float, float]]:
    """Export to `.r3d` and import that; return the seconds of both and the peak memory of both in MB."""
    process, peak = psutil.Process(), [0.0]

    def sample(done: int, total: int) -> None:
        if done % max(1, total // 100) == 0:
            peak[0] = max(peak[0], process.memory_info().rss / MEGA)

    out_s = _seconds(lambda: export_path(recording.path, file, ExportOptions("r3d"), sample))
    out_mb, peak[0] = peak[0], 0.0
    in_s = _seconds(lambda: import_path(file, dataset, ImportOptions(), sample))
    return out_s, in_s, (out_mb, peak[0])


def _record(dataset: Path, rgb_size: tuple[int, int], frames: int) -> Recording:
    with RecordingWriter(dataset, "bench", source="demo room") as writer:
        for frame in _frames(rgb_size, frames):
            writer.append(frame)
    assert writer.path is not None
    return Recording(writer.path)


def _frames(rgb_size: tuple[int, int], frames: int) -> Iterator[EncodedFrame]:
    """Yield one view of the room from a moving camera: the cost does not depend on what the pictures show."""
    view = encode(DemoRoom(0).render(0, rgb_size), None)
    for i in range(frames):
        yield replace(view, index=i, received_ns=i * 33_333_333, pose=Pose(position_m=(i / 100, 0.0, 0.0)))


def _lengthen(recording: Recording, lines: int) -> None:
    log = recording.path / LOG_NAME
    content = log.read_bytes()
    log.write_bytes(content * -(-lines // len(recording)))
