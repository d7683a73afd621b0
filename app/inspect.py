"""`lidarlive inspect`: what is in recordings."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from capture.choice import Choice
from capture.recording import Dataset, Recording

DEPTH_SAMPLES = 20  # frames, evenly spread, that the depth range is read from: enough to see it, quick on long ones


def inspect(paths: list[Path], as_json: bool) -> int:
    """Print what is in the recordings at `paths`. Returns 3 where one had to be repaired."""
    recordings = [recording for path in paths for recording in Dataset(path)]
    rows = [summary(recording) for recording in recordings]
    if as_json:
        print(json.dumps(rows))
    else:
        for row in rows:
            _print_summary(row)
    for recording in recordings:
        if recording.repaired:
            print(f"lidarlive: {recording.repaired}", file=sys.stderr)
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


def _print_summary(row: dict[str, Any]) -> None:
    """Short lines: legible in a terminal of any width."""
    near, far = row["depth_m"]
    lost = ", ".join(f"{count} {cause}" for cause, count in row["lost"].items()) or "none"
    rgb, depth = ("x".join(map(str, row[key])) for key in ("rgb_size", "depth_size"))
    depth_range = "no reading" if near is None else f"{near:.2f} to {far:.2f} m"
    possibly = row["possibly_lost_before_usb"]
    read_by = f", read by {row['driver']}" if row["driver"] else ""
    print(row["path"])
    chosen = None if row["chosen"] is None else Choice.from_json(row["chosen"])
    rate = f"{row['fps']:.1f} fps" if chosen is None else f"of a stream of {row['fps']:.1f} fps"
    print(f"    {row['frames']} frames, {row['seconds']:.1f} s, {rate}, {row['status']}{read_by}")
    if chosen is not None:
        print(f"    chosen: {chosen.words()}; what was left out is not lost")
    print(f"    lost: {lost}" + (f", possibly lost before USB: {possibly}" if possibly else ""))
    print(f"    {row['camera']}, RGB {rgb}, depth {depth}, {depth_range}", end="")
    print("" if row["has_confidence"] else ", no confidence")
    if row["note"]:
        print(f"    note: {''.join(letter if letter.isprintable() else ' ' for letter in row['note'])}")
