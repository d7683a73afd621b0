"""`lidarlive inspect`: what is in recordings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from capture.recording import Dataset, Recording

DEPTH_SAMPLES = 20  # frames, evenly spread, that the depth range is read from: enough to see it, quick on long ones


def inspect(paths: list[Path], as_json: bool) -> int:
    """Print a table (or JSON) of the recordings at `paths`. Returns 3 where one had to be repaired."""
    recordings = [recording for path in paths for recording in Dataset(path)]
    rows = [summary(recording) for recording in recordings]
    if as_json:
        print(json.dumps(rows))
    else:
        _print_table(rows)
        for recording in recordings:
            if recording.repaired:
                Console(stderr=True).print(recording.repaired)
    return 3 if any(recording.repaired for recording in recordings) else 0


def summary(recording: Recording) -> dict[str, Any]:
    """Frames, seconds, rate, losses by cause, sizes, depth range (2nd to 98th percentile of sampled frames, metres)."""
    chosen = np.unique(np.linspace(0, len(recording) - 1, min(DEPTH_SAMPLES, len(recording))).astype(int))
    depths = [depth[depth > 0] for depth in (recording.depth_m(recording.line(int(i))) for i in chosen)]
    readings = np.concatenate(depths) if depths else np.empty(0, np.float32)
    near, far = np.percentile(readings, (2, 98)).tolist() if readings.size else (None, None)
    return {
        **asdict(recording.info),
        "path": str(recording.path),
        "frames": len(recording),
        "seconds": recording.seconds,
        "fps": recording.fps,
        "depth_m": [near, far],
        "repaired": recording.repaired,
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    table = Table(
        "recording", "camera", "frames", "seconds", "fps", "lost", "RGB", "depth", "confidence", "depth m", "status"
    )
    for row in rows:
        near, far = row["depth_m"]
        table.add_row(
            Path(row["path"]).name,
            row["camera"],
            str(row["frames"]),
            f"{row['seconds']:.1f}",
            f"{row['fps']:.1f}",
            ", ".join(f"{count} {cause}" for cause, count in row["lost"].items()) or "0",
            "x".join(map(str, row["rgb_size"])),
            "x".join(map(str, row["depth_size"])),
            "yes" if row["has_confidence"] else "no",
            "none" if near is None else f"{near:.2f}-{far:.2f}",
            row["status"],
        )
    Console().print(table)
